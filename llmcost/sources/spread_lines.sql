-- one row is one record with its line, spread from the runs of records on consecutive lines
INSERT INTO staged_lines SELECT row_no + i, line + i FROM (SELECT row_no, line, unnest(range(records)) AS i FROM line_runs);
DELETE FROM line_runs;
