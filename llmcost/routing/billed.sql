-- one row is one billed part of one request: an answer, a check of an answer, or nothing where the request is blocked
SELECT base_seq, rule, target, part, variant, basis, unit, feature, logged, cache_read_tokens, cache_read_logged, latency_ms, latency_logged, quality, quality_logged,
  cost_logged AS logged_cost, CASE WHEN is_kept THEN kept_cost ELSE cost END AS cost, add_cost
FROM ({charges})
