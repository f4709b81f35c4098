-- how many distinct keys the ledger has, and how many of them a file of facts knows
SELECT count(*), count(*) FILTER (WHERE known) FROM (
  SELECT k.key, EXISTS (SELECT 1 FROM {table} t WHERE t.{on} = k.key) AS known
  FROM (SELECT DISTINCT {key} AS key FROM requests r WHERE {key} IS NOT NULL) k
)
