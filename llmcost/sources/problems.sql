-- one row is one record that goes to quarantine: its line and the reason
SELECT coalesce(l.line, r.rowid - f.first_row + f.first_line) AS line, r.problem
FROM records r JOIN staged_files f ON f.file = r.file
LEFT JOIN staged_lines l ON l.file = r.file AND l.ordinal = r.rowid - f.first_row
WHERE r.file = $file AND r.problem IS NOT NULL AND (r.doubt IS NULL OR r.careful)
ORDER BY line
