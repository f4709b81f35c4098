-- where the next reading of a file that grows goes on, and by what it knows that the file still begins as it did
ALTER TABLE files ADD COLUMN read_bytes BIGINT;
ALTER TABLE files ADD COLUMN read_lines BIGINT;
ALTER TABLE files ADD COLUMN read_digest VARCHAR;
ALTER TABLE files ADD COLUMN first_line_digest VARCHAR;
-- the rows of the file have a higher seq
ALTER TABLE files ADD COLUMN before_seq BIGINT;
