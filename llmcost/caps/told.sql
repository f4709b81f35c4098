-- one row is one user of users.csv who is none of ours, with the row that holds now; not is_now: has left, or is not here yet
SELECT "user" AS subject, bool_or(from_us <= $now_us AND to_us > $now_us) AS is_now,
  first(plan) FILTER (WHERE from_us <= $now_us AND to_us > $now_us) AS plan, first(ltv) FILTER (WHERE from_us <= $now_us AND to_us > $now_us) AS ltv,
  first(revenue_per_month) FILTER (WHERE from_us <= $now_us AND to_us > $now_us) AS revenue
FROM llmcost_users WHERE match_key = "user" AND NOT is_internal GROUP BY "user"
