-- one row is one record that goes to quarantine: its line and the reason
SELECT f.name, coalesce(l.line, t.rowid - f.first_row + f.first_line) AS line, t.r.problem
FROM records t JOIN staged_files f ON f.file = t.r.file
LEFT JOIN staged_lines l ON l.row_no = t.rowid
WHERE t.rowid >= $first_row AND t.r.problem IS NOT NULL AND t.r.skip IS NULL AND (t.r.doubt IS NULL OR t.careful)
ORDER BY t.rowid
