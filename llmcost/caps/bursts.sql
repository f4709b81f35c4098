-- the only row: the 95th of 100 users of a plan who stay within its allowance, by the most units that each had in any window (t - span, t]
WITH within AS (
  SELECT subject FROM cap_units WHERE plan = $plan GROUP BY subject HAVING sum(cost_pico) <= $most_pico
), ranked AS (
  SELECT most, row_number() OVER (ORDER BY most) AS place, count(*) OVER () AS n
  FROM (
    SELECT subject, max(inside) AS most
    FROM (
      SELECT subject, count(*) OVER (PARTITION BY subject ORDER BY ts_us RANGE BETWEEN {before} PRECEDING AND CURRENT ROW) AS inside
      FROM cap_units SEMI JOIN within USING (subject) WHERE plan = $plan
    ) GROUP BY subject
  )
)
SELECT min(most) FROM ranked WHERE place * 20 >= n * 19
