-- one row is one request before and after, where the policy makes exactly one request of each and the baseline is the log
SELECT base_seq, rule, variant, target, part, basis, 0::HUGEINT AS scaled, unit, logged, part = 'final' AND (target = $strong OR (target = 0 AND list_contains($strong_logged, logged))) AS is_strong, logged_cost AS before_cost, cost + add_cost AS after_cost,
  cache_read_logged AS before_read, cache_read_tokens AS after_read, latency_logged AS before_ms, latency_ms AS after_ms,
  quality_logged AS before_quality, quality AS after_quality
FROM ({billed})
