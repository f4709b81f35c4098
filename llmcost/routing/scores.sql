-- one row is one score with how many requests of the rule have it; of the first or the second half of them in time where that is asked
SELECT score, count(*)
FROM (
  SELECT {score} AS score, row_number() OVER (ORDER BY ts_us, seq) AS place, count(*) OVER () AS n
  FROM ({rows}) WHERE rt_rule = $rule AND {score} IS NOT NULL AND requests = 1 AND billed_requests = 1
)
WHERE $part = 'all' OR ($part = 'first_half') = (place * 2 <= n + 1)
GROUP BY score ORDER BY score
