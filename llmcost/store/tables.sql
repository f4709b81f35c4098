-- the only row: how many tables the file has, and the columns of the one that tells what it is
SELECT
  (SELECT count(*) FROM duckdb_tables() WHERE NOT internal),
  (SELECT list(column_name ORDER BY column_index) FROM duckdb_columns() WHERE table_name = 'meta' AND NOT internal)
