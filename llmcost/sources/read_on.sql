-- one row is one record without an id whose line stood in its file before: the how-many-th such line it is, counting what earlier
-- readings of a growing file have seen
CREATE OR REPLACE TEMP TABLE repeats AS
WITH seen AS (
  SELECT c.name, substr(t.request_id, 6, 24) AS digest, max(TRY_CAST(substr(t.request_id, 31) AS BIGINT)) AS times
  FROM target.requests t JOIN read_on c ON t.file = c.name AND t.seq > c.before_seq AND t.line < c.first_line
  WHERE starts_with(t.request_id, 'line-')
  GROUP BY ALL
), again AS (
  SELECT t.rowid AS row_no, s.times + coalesce(o.occurrence, 1) AS occurrence
  FROM records t
  JOIN staged_files f ON f.file = t.r.file
  JOIN seen s ON s.name = f.name AND s.digest = left(t.r.line_digest, 24)
  LEFT JOIN repeats o ON o.row_no = t.rowid
  WHERE t.r.request_id IS NULL
)
FROM again UNION ALL FROM repeats WHERE row_no NOT IN (SELECT row_no FROM again);
