-- one row is the position (from 0) of one record that wants a careful look
SELECT r.rowid - f.first_row AS ordinal
FROM records r JOIN staged_files f ON f.file = r.file
WHERE r.file = $file AND r.doubt IS NOT NULL AND NOT r.careful
ORDER BY ordinal
