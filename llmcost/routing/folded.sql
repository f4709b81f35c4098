-- one row is one request before and after, folded from its parts: the last answer counts, every part costs, and one part without a price makes the whole unknown
SELECT base_seq, any_value(rule) AS rule, variant,
  any_value(target) FILTER (WHERE part IN ('final', 'cached', 'blocked')) AS target,
  any_value(part) FILTER (WHERE part IN ('final', 'cached', 'blocked')) AS part,
  any_value(basis) FILTER (WHERE part IN ('final', 'cached', 'blocked')) AS basis,
  bit_or(scaled) AS scaled, any_value(unit) AS unit, any_value(logged) AS logged,
  coalesce(bool_or(target = $strong OR (target = 0 AND list_contains($strong_logged, logged))) FILTER (WHERE part IN ('final', 'step')), false) AS is_strong,
  CASE WHEN $modelled THEN any_value(cost) FILTER (WHERE part = 'baseline') ELSE any_value(logged_cost) END AS before_cost,
  CASE WHEN count(*) FILTER (WHERE cost IS NULL AND part <> 'baseline') = 0 THEN sum(cost + add_cost) FILTER (WHERE part <> 'baseline') END AS after_cost,
  CAST(CASE WHEN $modelled THEN any_value(cache_read_tokens) FILTER (WHERE part = 'baseline') ELSE any_value(cache_read_logged) END AS BIGINT) AS before_read,
  CAST(coalesce(sum(cache_read_tokens) FILTER (WHERE part NOT IN ('baseline', 'cached', 'blocked')), 0) AS BIGINT) AS after_read,
  CAST(CASE WHEN $modelled THEN any_value(latency_ms) FILTER (WHERE part = 'baseline') ELSE any_value(latency_logged) END AS BIGINT) AS before_ms,
  CASE WHEN count(*) FILTER (WHERE latency_ms IS NULL AND part IN ('step', 'final')) = 0
    THEN CAST(sum(latency_ms) FILTER (WHERE part IN ('step', 'final')) AS BIGINT) END AS after_ms,
  CASE WHEN $modelled THEN any_value(quality) FILTER (WHERE part = 'baseline') ELSE any_value(quality_logged) END AS before_quality,
  any_value(quality) FILTER (WHERE part IN ('final', 'cached')) AS after_quality
FROM ({billed})
GROUP BY base_seq, variant
