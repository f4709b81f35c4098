-- one row is one group whose figures are not what has been given out for a closed day: the difference
CREATE OR REPLACE TEMP TABLE export_differences AS
SELECT * FROM (
  SELECT of_day, {keys}, {sums} FROM ({sources}) WHERE list_contains($days, of_day) GROUP BY of_day, {keys}
) WHERE {any}
