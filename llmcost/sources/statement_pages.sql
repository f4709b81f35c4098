-- one row is one result of a provider's page that was read into this ledger, in the order of its place
SELECT provider, kind, started_us, ended_us, model, line_item, token_type, service_tier, batch, context_window, inference_geo, speed, requests,
  fresh_input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_write_other_tokens, audio_input_tokens,
  text_output_tokens, audio_output_tokens, web_searches, amount, currency, file, line
FROM provider_pages
ORDER BY file, line, started_us, provider, model, line_item, token_type, page_key
