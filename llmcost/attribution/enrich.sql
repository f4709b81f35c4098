-- one row is one key of a file of facts, with the facts of its first row
CREATE TEMP TABLE {table} AS
SELECT * EXCLUDE (position) FROM (
  SELECT {on} AS match_key, row_number() OVER () AS position, {chosen} FROM {rows}
)
WHERE match_key <> ''
QUALIFY row_number() OVER (PARTITION BY match_key ORDER BY position) = 1
