-- one row is one model, as logged or as the policy calls it, with what its provider's cache asks and gives
CREATE OR REPLACE TEMP TABLE routing_cache_rules (
  provider VARCHAR, model VARCHAR, ttl_us BIGINT, min_tokens BIGINT, step_tokens BIGINT, write_column VARCHAR
)
