-- one row is one record that is a request, named and placed: its id, its line, the facts in its tags
-- a bare number is an id only together with its time: two systems may both count from 1
CREATE OR REPLACE TEMP VIEW arrivals AS
SELECT r.*,
  t.rowid AS row_no,
  coalesce(t.r.request_id, n.request_id) AS final_id,
  CASE WHEN length(t.r.request_id) < 16 AND regexp_full_match(t.r.request_id, '[0-9]+')
       THEN t.r.request_id || '@' || coalesce(CAST(t.r.ts_us AS VARCHAR), '') ELSE coalesce(t.r.request_id, n.request_id) END AS fold_key,
  coalesce(t.r.given_file, f.name) AS final_file,
  coalesce(t.r.given_line, l.line, t.rowid - f.first_row + f.first_line) AS final_line
FROM records t
JOIN staged_files f ON f.file = t.r.file
LEFT JOIN staged_lines l ON l.file = t.r.file AND l.ordinal = t.rowid - f.first_row
LEFT JOIN named n ON n.row_no = t.rowid
WHERE t.r.problem IS NULL AND t.r.skip IS NULL AND (t.r.doubt IS NULL OR t.careful);

-- one row is one record that is folded into another of this batch: usage beats none, more output beats less, later beats earlier
CREATE OR REPLACE TEMP TABLE folded AS
WITH repeated AS (SELECT fold_key FROM arrivals GROUP BY fold_key HAVING count(*) > 1)
SELECT row_no FROM arrivals SEMI JOIN repeated USING (fold_key)
QUALIFY row_number() OVER (
  PARTITION BY fold_key
  ORDER BY usage_quality = 'missing', text_output_tokens + reasoning_tokens + audio_output_tokens + image_output_tokens DESC,
    fresh_input_tokens + cache_read_tokens DESC, coalesce(ts_us, 0) DESC, row_no
) > 1;

-- one row is one record that the ledger has already; `better` when the ledger's row has no usage and this one does
CREATE OR REPLACE TEMP TABLE known AS
SELECT a.row_no, t.seq, t.usage_quality = 'missing' AND a.usage_quality <> 'missing' AS better, t.file = a.final_file AND t.line = a.final_line AS same_line
FROM arrivals a JOIN target.requests t ON t.request_id = a.final_id AND (a.fold_key = a.final_id OR t.ts_us IS NOT DISTINCT FROM a.ts_us)
WHERE a.row_no NOT IN (SELECT row_no FROM folded);
