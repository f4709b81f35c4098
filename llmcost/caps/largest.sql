-- the only row: the largest number of units per user and calendar month whose cost stays within a sum, and the most that anybody had
SELECT max(place) FILTER (WHERE spent <= $most_pico), max(place)
FROM (
  SELECT place, sum(cost_pico) OVER (ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS spent
  FROM (SELECT place, sum(cost_pico) AS cost_pico FROM cap_units WHERE plan = $plan GROUP BY place)
)
