-- one row is one fact about the store: schema_version, prompt_key, catalogue (the digest of the prices in use)
CREATE TABLE meta (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);

-- one row is one file that was read, as it was then
CREATE TABLE files (
  path VARCHAR, source VARCHAR, bytes BIGINT, mtime_ns BIGINT, fingerprint VARCHAR, ingested_us BIGINT,
  lines BIGINT, requests BIGINT, new_rows BIGINT, duplicates BIGINT, quarantined BIGINT, skipped MAP(VARCHAR, BIGINT)
);

-- one row is one line that could not be read; its text stays in the log, where it came from
CREATE TABLE quarantine (file VARCHAR, line BIGINT, reason VARCHAR);

-- one row is one price in use: everything `explain` needs to show the arithmetic of a stored cost
CREATE TABLE prices (price_id VARCHAR PRIMARY KEY, detail VARCHAR NOT NULL);

-- one row is one day whose cost changed because the catalogue did
CREATE TABLE restatements (restated_us BIGINT, day DATE, rows BIGINT, old_cost DECIMAL(38, 12), new_cost DECIMAL(38, 12), catalogue VARCHAR);

-- one row is one request with the totals a person expects: input includes cache reads and writes, output includes reasoning
-- and with the rules of counting, which stand nowhere else. A report adds up these columns:
--   billed_requests    calls, and attempts for which the source reports usage; iterations add cost and cache hits nothing, neither is a request
--   unbilled_attempts  the other attempts
--   is_unpriced        nobody knows its price; without usage it is `usage_quality` that is missing, not the price
CREATE VIEW ledger AS
WITH totals AS (
  SELECT *,
    fresh_input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_write_12h_tokens + cache_write_other_tokens
      + audio_input_tokens + audio_cache_read_tokens + image_input_tokens + image_cache_read_tokens + video_input_tokens + tool_use_tokens AS input_tokens,
    cache_write_5m_tokens + cache_write_1h_tokens + cache_write_12h_tokens + cache_write_other_tokens AS cache_write_tokens,
    text_output_tokens + reasoning_tokens + audio_output_tokens + image_output_tokens + rejected_prediction_tokens AS output_tokens
  FROM requests
)
SELECT *,
  CASE WHEN kind = 'call' OR (kind = 'attempt' AND (input_tokens + output_tokens > 0 OR units IS NOT NULL)) THEN requests ELSE 0 END AS billed_requests,
  CASE WHEN kind = 'attempt' AND input_tokens + output_tokens = 0 AND units IS NULL THEN requests ELSE 0 END AS unbilled_attempts,
  cost IS NULL AND usage_quality <> 'missing' AS is_unpriced
FROM totals;
