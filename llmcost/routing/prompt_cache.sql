-- one row is one request of `cache_requests` with what a prompt cache would have read and written, in the ledger's own token columns
-- a block is alive when an earlier row of its scope and model touched it at most `ttl_us` before; a hit is the longest alive prefix
-- (hit or miss, all blocks of a row are touched). Without blocks the prefix is the turn before: its input and its answer, an upper bound
CREATE OR REPLACE TEMP TABLE cache_outcome AS
WITH blocks AS (
  SELECT seq, ts_us, ttl_us, scope, model, unnest(prefix_blocks) AS block, generate_subscripts(prefix_blocks, 1) AS place
  FROM cache_requests
  WHERE ts_us IS NOT NULL
), touches AS (
  SELECT DISTINCT scope, model, block, seq, ts_us FROM blocks
), seen AS (
  SELECT scope, model, block, seq, CASE WHEN $strict
      THEN max(ts_us) OVER (PARTITION BY scope, model, block ORDER BY ts_us RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
      ELSE lag(ts_us) OVER (PARTITION BY scope, model, block ORDER BY ts_us, seq) END AS last_us
  FROM touches
), first_dead AS (
  SELECT b.seq, min(b.place) AS place
  FROM blocks b JOIN seen s ON s.scope IS NOT DISTINCT FROM b.scope AND s.model IS NOT DISTINCT FROM b.model AND s.block = b.block AND s.seq = b.seq
  WHERE s.last_us IS NULL OR (b.ttl_us IS NOT NULL AND b.ts_us - s.last_us > b.ttl_us)
  GROUP BY b.seq
), turns AS (
  SELECT seq, CASE WHEN ttl_us IS NULL OR ts_us - lag(ts_us) OVER turn <= ttl_us
      THEN lag(input_tokens + output_tokens) OVER turn ELSE 0 END AS tokens
  FROM cache_requests
  WHERE prefix_blocks IS NULL AND session IS NOT NULL AND ts_us IS NOT NULL
  WINDOW turn AS (PARTITION BY scope, model, session ORDER BY ts_us, seq)
), hits AS (
  SELECT r.*, coalesce(d.place - 1, len(r.prefix_blocks), 0) AS hit_blocks,
    CASE WHEN r.ts_us IS NULL OR (r.prefix_blocks IS NULL AND r.session IS NULL) THEN 'none'
      WHEN r.prefix_blocks IS NULL THEN 'turns' ELSE 'blocks' END AS basis,
    least(r.input_tokens, CASE WHEN r.ts_us IS NULL THEN 0 WHEN r.prefix_blocks IS NULL THEN coalesce(t.tokens, 0)
      ELSE coalesce(d.place - 1, len(r.prefix_blocks)) * r.block_tokens END) AS hit_tokens
  FROM cache_requests r LEFT JOIN first_dead d ON d.seq = r.seq LEFT JOIN turns t ON t.seq = r.seq
), billed AS (
  SELECT *, CASE WHEN hit_tokens >= min_tokens THEN hit_tokens // step_tokens * step_tokens ELSE 0 END AS read_tokens
  FROM hits
), split AS (
  SELECT *, CASE WHEN basis <> 'none' AND write_column IS NOT NULL AND input_tokens >= min_tokens THEN input_tokens - read_tokens ELSE 0 END AS written_tokens
  FROM billed
)
SELECT seq, basis, CASE WHEN basis = 'blocks' THEN hit_blocks ELSE 0 END AS hit_blocks, hit_tokens,
  input_tokens - read_tokens - written_tokens AS fresh_input_tokens,
  read_tokens AS cache_read_tokens,
  CASE WHEN write_column = 'cache_write_5m_tokens' THEN written_tokens ELSE 0 END AS cache_write_5m_tokens,
  CASE WHEN write_column = 'cache_write_1h_tokens' THEN written_tokens ELSE 0 END AS cache_write_1h_tokens,
  CASE WHEN write_column = 'cache_write_other_tokens' THEN written_tokens ELSE 0 END AS cache_write_other_tokens
FROM split
