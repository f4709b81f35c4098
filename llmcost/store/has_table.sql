-- the only row: whether there is a table of this name
SELECT count(*) > 0 FROM duckdb_tables() WHERE table_name = $name
