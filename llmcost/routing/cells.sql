-- one row is one rule and model (and user or session, where an interval is asked for) with its requests before and after
-- what is known of a request (a price on both sides, latency, scores) is part of the key: sums without FILTER take half of the time
CREATE OR REPLACE TEMP TABLE routing_cells AS
SELECT variant, rule, target, part, basis, scaled, logged, is_strong, {unit} AS unit,
  before_cost IS NOT NULL AND after_cost IS NOT NULL AS is_known,
  before_ms IS NOT NULL AND after_ms IS NOT NULL AS is_timed,
  before_quality IS NOT NULL AND after_quality IS NOT NULL AS is_judged,
  count(*) AS requests, sum(before_cost) AS before_cost, sum(after_cost) AS after_cost,
  CAST(sum(before_read) AS BIGINT) AS before_read, CAST(sum(after_read) AS BIGINT) AS after_read,
  CAST(sum(before_ms) AS BIGINT) AS before_ms, CAST(sum(after_ms) AS BIGINT) AS after_ms,
  sum(before_quality) AS before_quality, sum(after_quality) AS after_quality
FROM ({outcome}) GROUP BY ALL
