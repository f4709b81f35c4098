-- the only row: how many applied lines stand for requests that no longer cost what they did, and how many models came to their days since
WITH hours AS (
  SELECT provider, coalesce(provider, '') || '/' || coalesce(model, '') AS name, ts_us // 3600000000 AS hour, sum(cost) AS cost FROM requests GROUP BY ALL
), held AS (
  SELECT rowid, started_us, ended_us, unnest(ledger_models) AS name FROM adjustments
), now AS (
  SELECT a.rowid AS id, sum(h.cost) AS cost
  FROM held a
  JOIN hours h ON h.name = a.name AND h.hour >= a.started_us // 3600000000 AND h.hour < a.ended_us // 3600000000
  GROUP BY a.rowid
), changed AS (
  SELECT count(*) AS lines FROM adjustments a LEFT JOIN now n ON n.id = a.rowid WHERE a.ours <> coalesce(n.cost, 0)
), spans AS (
  -- a provider as the catalogue calls it, and as the requests that its lines stand for write it
  SELECT provider AS written, min(started_us) // 3600000000 AS first_hour, max(ended_us) // 3600000000 AS last_hour
  FROM (SELECT provider, started_us, ended_us FROM adjustments UNION ALL SELECT split_part(name, '/', 1), started_us, ended_us FROM held)
  GROUP BY ALL
), added AS (
  SELECT count(DISTINCT h.name) AS models
  FROM hours h JOIN spans s ON h.provider = s.written AND h.hour >= s.first_hour AND h.hour < s.last_hour
  WHERE h.cost <> 0 AND NOT EXISTS (
    SELECT 1 FROM held a WHERE a.name = h.name AND h.hour >= a.started_us // 3600000000 AND h.hour < a.ended_us // 3600000000)
)
SELECT CAST(changed.lines AS BIGINT) AS lines, CAST(added.models AS BIGINT) AS models FROM changed, added
