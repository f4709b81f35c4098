-- one row is one billed part of one request: an answer, a check of an answer, or nothing where the request is blocked
-- what stays as logged keeps its cost; for the others charges.sql reads the relation that is called `requests` here, which shadows the table
WITH simulated AS NOT MATERIALIZED (
{simulated}
), requests AS NOT MATERIALIZED (
  SELECT * FROM simulated WHERE NOT is_kept
)
SELECT base_seq, rule, target, part, variant, basis, scaled, unit, feature, logged, cache_read_tokens, cache_read_logged, latency_ms, latency_logged, quality, quality_logged,
  cost_logged AS logged_cost, cost_logged AS cost, add_cost
FROM simulated WHERE is_kept
UNION ALL
SELECT base_seq, rule, target, part, variant, basis, scaled, unit, feature, logged, cache_read_tokens, cache_read_logged, latency_ms, latency_logged, quality, quality_logged,
  cost_logged AS logged_cost, cost, add_cost
FROM ({charges})
