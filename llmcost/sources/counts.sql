-- one row is one file: its requests (parts of one count with it), how many are new, how many repeat a row that stands elsewhere
SELECT f.name,
  count(*) FILTER (WHERE a.part IS NULL) AS requests,
  count(*) FILTER (WHERE a.part IS NULL AND d.row_no IS NULL AND (k.row_no IS NULL OR k.better)) AS new_rows,
  count(*) FILTER (WHERE a.part IS NULL AND (d.row_no IS NOT NULL OR (k.row_no IS NOT NULL AND NOT k.same_line))) AS duplicates
FROM arrivals a
JOIN staged_files f ON f.file = a.file
LEFT JOIN folded d ON d.row_no = a.row_no
LEFT JOIN (SELECT row_no, bool_or(better) AS better, bool_or(same_line) AS same_line FROM known GROUP BY row_no) k ON k.row_no = a.row_no
GROUP BY f.name
