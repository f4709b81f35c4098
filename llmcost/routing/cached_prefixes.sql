-- one row is one simulated request whose prompt meets the provider's cache; what stays on its model without blocks keeps what was logged
SELECT s.* REPLACE (
  s.is_kept AND k.seq IS NULL AS is_kept,
  coalesce(k.fresh_input_tokens, s.fresh_input_tokens) AS fresh_input_tokens,
  coalesce(k.cache_read_tokens, s.cache_read_tokens) AS cache_read_tokens,
  coalesce(k.cache_write_5m_tokens, s.cache_write_5m_tokens) AS cache_write_5m_tokens,
  coalesce(k.cache_write_1h_tokens, s.cache_write_1h_tokens) AS cache_write_1h_tokens,
  CASE WHEN k.seq IS NULL THEN s.cache_write_12h_tokens ELSE 0 END AS cache_write_12h_tokens,
  coalesce(k.cache_write_other_tokens, s.cache_write_other_tokens) AS cache_write_other_tokens
)
FROM ({simulated}) s
LEFT JOIN cache_outcome k ON k.seq = s.seq AND (k.basis = 'blocks' OR (k.basis = 'turns' AND s.basis <> 'same'))
