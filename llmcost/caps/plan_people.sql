-- one row is one plan: its users as of now, what they bring by users.csv, and the cost and units of its traffic
WITH people AS (
  SELECT plan, count(*) AS users, count(*) FILTER (WHERE is_active) AS active, count(ltv) AS with_ltv, sum(ltv) AS ltv,
    count(revenue) AS with_revenue, sum(revenue) AS revenue
  FROM cap_people GROUP BY plan
), traffic AS (
  SELECT plan, count(*) AS units, CAST(sum(requests) AS BIGINT) AS requests, count(DISTINCT subject) AS spenders, CAST(sum(cost_pico) AS HUGEINT) AS cost_pico
  FROM cap_units GROUP BY plan
)
SELECT coalesce(p.plan, t.plan), coalesce(p.users, 0), coalesce(p.active, 0), coalesce(p.with_ltv, 0), p.ltv, coalesce(p.with_revenue, 0), p.revenue,
  coalesce(t.units, 0), coalesce(t.requests, 0), coalesce(t.spenders, 0), coalesce(t.cost_pico, 0)
FROM people p FULL JOIN traffic t ON t.plan IS NOT DISTINCT FROM p.plan
ORDER BY 1 NULLS LAST
