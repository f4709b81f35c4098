-- one row is one file that was just read: its first record, how many there are, and how many are only parts of the one before
SELECT r.file, min(rowid) AS first_row, count(*) AS records, count(*) FILTER (WHERE r.part > 0) AS parts
FROM records WHERE rowid >= $first_row
GROUP BY r.file ORDER BY first_row
