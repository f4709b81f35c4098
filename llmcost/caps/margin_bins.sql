-- one row is one bar of a plan's histogram: its number of steps from zero, the users in it, and what they leave together
SELECT CASE WHEN margin_pico >= 0 THEN margin_pico // $step ELSE -((-margin_pico + $step - 1) // $step) END AS bar, count(*), CAST(sum(margin_pico) AS HUGEINT)
FROM cap_margins WHERE plan = $plan GROUP BY bar ORDER BY bar
