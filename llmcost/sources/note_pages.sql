-- one row is one result of a provider's page, in place of an older one of the same span and dimensions; of several the last one counts
INSERT OR REPLACE INTO target.provider_pages BY NAME
WITH places AS (
  SELECT t.r.file AS read_from, t.r.line_digest AS line_digest, min(f.name) AS file, min(coalesce(l.line, t.rowid - f.first_row + f.first_line)) AS line, max(t.rowid) AS row_no
  FROM records t JOIN staged_files f ON f.file = t.r.file LEFT JOIN staged_lines l ON l.row_no = t.rowid
  WHERE t.r.source = 'provider_pages'
  GROUP BY ALL
)
SELECT p.* EXCLUDE (file, line_digest), s.file, s.line
FROM page_rows p JOIN places s ON s.read_from = p.file AND s.line_digest = p.line_digest
QUALIFY row_number() OVER (PARTITION BY page_key ORDER BY s.row_no DESC) = 1;
