-- one row is one reason why records of a file are no requests, with their number
SELECT f.name, t.r.skip, count(*)
FROM records t JOIN staged_files f ON f.file = t.r.file
WHERE t.rowid >= $first_row AND t.r.skip IS NOT NULL AND (t.r.doubt IS NULL OR t.careful)
GROUP BY ALL ORDER BY ALL
