-- one row is one day of what was gathered: how many rows, and what they cost
SELECT utc_day, count(*) AS rows, sum({cost}) AS cost FROM ({gathered}) GROUP BY utc_day
