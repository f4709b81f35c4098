-- one row is one file: its requests (what else one request was billed for counts with it), how many are new, how many repeat a row that stands elsewhere,
-- and how many without an id are no rows of their own: then the ledger cannot tell how often this file held that line
SELECT f.name,
  count(*) AS requests,
  count(*) FILTER (WHERE d.row_no IS NULL AND (k.row_no IS NULL OR k.better)) AS new_rows,
  count(*) FILTER (WHERE d.row_no IS NOT NULL OR (k.row_no IS NOT NULL AND NOT k.same_line)) AS duplicates,
  count(*) FILTER (WHERE c.request_id IS NULL AND (d.row_no IS NOT NULL OR k.row_no IS NOT NULL)) AS borrowed
FROM candidates c
JOIN staged_files f ON f.file = c.file
LEFT JOIN folded d ON d.row_no = c.row_no
LEFT JOIN (SELECT row_no, bool_or(better) AS better, bool_or(same_line) AS same_line FROM known GROUP BY row_no) k ON k.row_no = c.row_no
WHERE c.part IS NULL OR c.kind <> 'iteration'
GROUP BY f.name
