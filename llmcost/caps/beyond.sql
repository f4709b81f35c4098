-- one row is one candidate cap with what it would have refused: the units after the first `most` of a user's calendar month;
-- how soon after the first unit of that month a user met it, and how long a user had to wait for the next month
WITH refused AS (
  SELECT c.number, r.subject, r.month, count(*) AS units, sum(r.requests) AS requests, sum(r.cost_pico) AS cost_pico, min(r.ts_us) AS from_us
  FROM cap_candidates c JOIN cap_units r ON r.plan = $plan AND r.place > c.most
  GROUP BY c.number, r.subject, r.month
), begun AS (
  SELECT subject, month, ts_us FROM cap_units WHERE plan = $plan AND place = 1
)
SELECT c.number, CAST(coalesce(sum(r.units), 0) AS BIGINT), CAST(coalesce(sum(r.requests), 0) AS BIGINT), CAST(coalesce(sum(r.cost_pico), 0) AS HUGEINT),
  count(DISTINCT r.subject), min(r.from_us - b.ts_us), max(m.ends_us - r.from_us)
FROM cap_candidates c
LEFT JOIN refused r ON r.number = c.number
LEFT JOIN begun b ON b.subject = r.subject AND b.month = r.month
LEFT JOIN cap_months m ON m.month = r.month
GROUP BY c.number ORDER BY c.number
