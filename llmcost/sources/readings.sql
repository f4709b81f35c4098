-- one row is one reading of a request whose counting habit nobody declared and no sum tells: the cached part, or the reasoning, inside or beside
-- priced one by one (their number stands as `old_seq`), they are held against the cost that the log recorded
CREATE OR REPLACE TEMP TABLE readings AS
SELECT s.* REPLACE (
    row_number() OVER () AS old_seq,
    s.fresh_input_tokens + CASE WHEN h.cache_beside THEN s.cache_read_tokens + s.cache_write_5m_tokens + s.cache_write_1h_tokens + s.cache_write_12h_tokens
      + s.cache_write_other_tokens + s.audio_cache_read_tokens + s.image_cache_read_tokens ELSE 0 END AS fresh_input_tokens,
    s.text_output_tokens + CASE WHEN h.reasoning_beside THEN s.reasoning_tokens ELSE 0 END AS text_output_tokens)
FROM survivors s, (VALUES (false, false), (true, false), (false, true), (true, true)) h(cache_beside, reasoning_beside)
WHERE s.usage_basis = 'assumed' AND s.source_cost > 0 AND (s.cache_assumed OR s.reasoning_assumed)
  AND (s.cache_assumed OR NOT h.cache_beside) AND (s.reasoning_assumed OR NOT h.reasoning_beside);

CREATE OR REPLACE TEMP VIEW landing AS FROM readings
