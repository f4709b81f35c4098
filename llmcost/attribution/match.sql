-- the only row: how many distinct keys the ledger has, and how many of them a file of facts knows
SELECT count(*), count(*) FILTER (WHERE known) FROM (
  SELECT k.key, EXISTS (SELECT 1 FROM {table} t WHERE t.match_key = k.key) AS known
  FROM (SELECT DISTINCT {key} AS key FROM {source}) k
  WHERE k.key IS NOT NULL
)
