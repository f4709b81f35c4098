-- one row is the position (from 0) of one record that wants a careful look
SELECT t.r.file, t.rowid - f.first_row AS ordinal
FROM records t JOIN staged_files f ON f.file = t.r.file
WHERE t.rowid >= $first_row AND t.r.doubt IS NOT NULL AND NOT t.careful
ORDER BY t.rowid
