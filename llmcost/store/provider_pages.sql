-- one row is one result of one bucket of a provider's own usage or cost page: sums to compare with, no requests and in no report
-- token columns are disjoint, as in the ledger; `amount` is in USD, NULL in another `currency`
CREATE TABLE provider_pages (
  page_key VARCHAR PRIMARY KEY, provider VARCHAR, kind VARCHAR, started_us BIGINT, ended_us BIGINT,
  model VARCHAR, line_item VARCHAR, token_type VARCHAR, project VARCHAR, "key" VARCHAR, "user" VARCHAR,
  service_tier VARCHAR, batch BOOLEAN, context_window VARCHAR, inference_geo VARCHAR, speed VARCHAR,
  requests BIGINT, fresh_input_tokens BIGINT, cache_read_tokens BIGINT, cache_write_5m_tokens BIGINT, cache_write_1h_tokens BIGINT,
  cache_write_other_tokens BIGINT, audio_input_tokens BIGINT, text_output_tokens BIGINT, audio_output_tokens BIGINT, web_searches BIGINT,
  amount DECIMAL(38, 24), currency VARCHAR, file VARCHAR, line BIGINT
);
