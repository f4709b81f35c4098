-- one row is one line of a usage page: what was used over some days
CREATE TEMP TABLE page_usage (
  seq BIGINT, ts_us BIGINT, provider VARCHAR, model VARCHAR, service_tier VARCHAR, speed VARCHAR, inference_geo VARCHAR, requests BIGINT, searches BIGINT,
  fresh_input_tokens BIGINT, cache_read_tokens BIGINT, cache_write_5m_tokens BIGINT, cache_write_1h_tokens BIGINT, cache_write_other_tokens BIGINT,
  audio_input_tokens BIGINT, text_output_tokens BIGINT, audio_output_tokens BIGINT
)
