-- one row is one request that a limit sent to another model: it starts there without a cache
CREATE OR REPLACE TEMP VIEW cap_downgraded AS
SELECT r.* REPLACE (
  d.provider AS provider, d.model AS model, NULL AS service_tier, NULL AS speed, NULL AS region, NULL AS inference_geo,
  r.fresh_input_tokens + r.cache_read_tokens + r.cache_write_5m_tokens + r.cache_write_1h_tokens + r.cache_write_12h_tokens
    + r.cache_write_other_tokens AS fresh_input_tokens,
  0 AS cache_read_tokens, 0 AS cache_write_5m_tokens, 0 AS cache_write_1h_tokens, 0 AS cache_write_12h_tokens, 0 AS cache_write_other_tokens
)
FROM {ledger}.requests r
JOIN {members} t ON t.seq = r.seq
JOIN cap_refused x ON x.item = t.item
JOIN cap_downgrades d ON d.number = x.decided_by
