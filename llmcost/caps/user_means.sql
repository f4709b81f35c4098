-- one row is one plan: its users by what a unit costs each on average: the middle one, the 95th of 100 and the dearest (nearest rank)
WITH means AS (
  SELECT plan, subject, CAST(sum(cost_pico) AS HUGEINT) // count(*) AS mean_pico FROM cap_units WHERE NOT is_unknown GROUP BY plan, subject
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY plan ORDER BY mean_pico) AS place, count(*) OVER (PARTITION BY plan) AS n FROM means
)
SELECT plan, any_value(n), min(mean_pico), min(mean_pico) FILTER (WHERE place * 2 >= n), min(mean_pico) FILTER (WHERE place * 20 >= n * 19),
  max(mean_pico), arg_max(subject, (mean_pico, subject))
FROM ranked GROUP BY plan ORDER BY plan NULLS LAST
