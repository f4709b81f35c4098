-- one row is one request whose recorded cost tells how it was counted: the nearest reading, if it comes within two percent
CREATE OR REPLACE TEMP TABLE witnessed AS
SELECT row_no, arg_min(fresh_input_tokens, gap) AS fresh_input_tokens, arg_min(text_output_tokens, gap) AS text_output_tokens
FROM (
  SELECT r.row_no, r.fresh_input_tokens, r.text_output_tokens, TRY_CAST(r.source_cost AS DECIMAL(18, 12)) AS recorded,
    abs(p.cost - TRY_CAST(r.source_cost AS DECIMAL(18, 12))) AS gap
  FROM readings r JOIN readings_priced p ON p.seq = r.old_seq
)
WHERE gap * 50 <= recorded
GROUP BY row_no;

CREATE OR REPLACE TEMP VIEW landing AS
SELECT s.* REPLACE (coalesce(w.fresh_input_tokens, s.fresh_input_tokens) AS fresh_input_tokens, coalesce(w.text_output_tokens, s.text_output_tokens) AS text_output_tokens,
  CASE WHEN w.row_no IS NULL THEN s.usage_basis ELSE 'cost_matched' END AS usage_basis)
FROM survivors s LEFT JOIN witnessed w ON w.row_no = s.row_no
