-- one row is one billed part of one request: an answer, a check of an answer, or nothing where the request is blocked; money in pico-dollars
SELECT base_seq, rule, target, part, variant, basis, unit, feature, logged, cache_read_tokens, cache_read_logged, latency_ms, latency_logged, quality, quality_logged,
  CAST(cost_logged * 1000000000000 AS BIGINT) AS logged_pico,
  CAST(CASE WHEN is_kept THEN kept_cost ELSE cost END * 1000000000000 AS BIGINT) + add_pico AS pico
FROM ({charges})
