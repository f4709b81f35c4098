-- one row is one line that could not be read
INSERT INTO target.quarantine SELECT $file, unnest(CAST($lines AS BIGINT[])), unnest(CAST($reasons AS VARCHAR[]))
