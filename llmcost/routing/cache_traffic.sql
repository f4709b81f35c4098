-- one row is one simulated request that reaches a model whose caching is known; variants do not see each other
INSERT INTO cache_requests
SELECT s.seq, s.ts_us, s.variant || '|' || coalesce({scope}, ''), s.provider || '/' || s.model, s.session, s.prefix_blocks, $block_tokens,
  s.fresh_input_tokens + s.cache_read_tokens + s.cache_write_5m_tokens + s.cache_write_1h_tokens + s.cache_write_12h_tokens + s.cache_write_other_tokens,
  s.text_output_tokens, c.ttl_us, c.min_tokens, c.step_tokens, c.write_column
FROM ({simulated}) s
JOIN routing_cache_rules c ON c.provider IS NOT DISTINCT FROM s.provider AND c.model IS NOT DISTINCT FROM s.model
WHERE s.part IN ('final', 'step')
