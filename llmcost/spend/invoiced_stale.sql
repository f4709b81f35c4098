-- the only row: the first applied line whose requests no longer cost what they did when it was applied, and how many there are
WITH hours AS (
  SELECT coalesce(provider, '') || '/' || coalesce(model, '') AS name, ts_us // 3600000000 AS hour, sum(cost) AS cost FROM requests GROUP BY ALL
), now AS (
  SELECT a.rowid AS id, sum(h.cost) AS cost
  FROM (SELECT rowid, started_us, ended_us, unnest(ledger_models) AS name FROM adjustments) a
  JOIN hours h ON h.name = a.name AND h.hour >= a.started_us // 3600000000 AND h.hour < a.ended_us // 3600000000
  GROUP BY a.rowid
)
SELECT CAST(count(*) AS BIGINT) AS lines FROM adjustments a LEFT JOIN now n ON n.id = a.rowid WHERE a.ours <> coalesce(n.cost, 0)
