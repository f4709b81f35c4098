-- the only row: what the downgraded requests cost on the other model in pico-dollars, and how many have no price there
SELECT CAST(coalesce(sum(CAST(cost * 1000000000000 AS HUGEINT)), 0) AS HUGEINT), count(*) FILTER (WHERE cost IS NULL) FROM ({charges})
