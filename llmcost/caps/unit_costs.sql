-- one row is one plan: what its turns (or requests) cost, those with a known cost, and how far its users scatter; quantiles are of the nearest rank.
-- Sums over users are in nano-dollars: squares of pico-dollars would not fit
WITH known AS (
  SELECT plan, subject, cost_pico, row_number() OVER (PARTITION BY plan ORDER BY cost_pico) AS place, count(*) OVER (PARTITION BY plan) AS n
  FROM cap_units WHERE NOT is_unknown
), users AS (
  SELECT plan, CAST(count(*) AS HUGEINT) AS number, sum(cost_pico) // 1000 AS cost_nano FROM known GROUP BY plan, subject
), by_user AS (
  SELECT plan, count(*) AS users, sum(number * number) AS numbers, sum(cost_nano * number) AS products, sum(cost_nano * cost_nano) AS squares
  FROM users GROUP BY plan
)
SELECT k.plan, count(*), sum(k.cost_pico), sum(k.cost_pico * k.cost_pico),
  min(k.cost_pico) FILTER (WHERE k.place * 2 >= k.n), min(k.cost_pico) FILTER (WHERE k.place * 20 >= k.n * 19),
  any_value(u.users), any_value(u.numbers), any_value(u.products), any_value(u.squares)
FROM known k JOIN by_user u ON u.plan IS NOT DISTINCT FROM k.plan
GROUP BY k.plan
