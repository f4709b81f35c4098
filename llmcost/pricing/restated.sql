-- one row is one UTC day whose rows changed, with the cost of those rows before and after
SELECT CAST(CAST(ts AS DATE) AS VARCHAR) AS day, count(*) AS rows, sum(old_cost) AS old_cost, sum(new_cost) AS new_cost
FROM changed GROUP BY day ORDER BY day NULLS FIRST
