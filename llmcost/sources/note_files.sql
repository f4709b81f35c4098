-- one row is one file as it was read, in place of what an earlier reading left; and one line that could not be read
DELETE FROM target.files WHERE path IN (SELECT path FROM read_files);
DELETE FROM target.quarantine AS q USING read_files r WHERE q.file = r.path AND q.line >= r.first_line;
INSERT INTO target.files BY NAME SELECT * EXCLUDE (first_line) REPLACE (CAST(CAST(skipped AS JSON) AS MAP(VARCHAR, BIGINT)) AS skipped) FROM read_files;
INSERT INTO target.quarantine BY NAME SELECT * FROM refused;
