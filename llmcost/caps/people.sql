-- one row is one user as of now, the silent ones of users.csv too, with the plan, what they are said to bring, and what they cost in the sample
CREATE OR REPLACE TEMP TABLE cap_people AS
WITH seen AS (
  SELECT subject, last(plan ORDER BY ts_us, item) AS plan, CAST(sum(cost_pico) AS HUGEINT) AS cost_pico FROM cap_units GROUP BY subject
), told AS ({told})
SELECT t.subject, t.plan, t.ltv, t.revenue, coalesce(s.cost_pico, 0) AS cost_pico, s.subject IS NOT NULL AS is_active
FROM told t LEFT JOIN seen s ON s.subject = t.subject WHERE t.is_now
UNION ALL
SELECT s.subject, s.plan, NULL, NULL, s.cost_pico, true FROM seen s WHERE s.subject NOT IN (SELECT subject FROM told)
