-- one row is one rule, model and way in which its tokens are known, with the requests before and after; what lacks a price on either side is counted apart
SELECT rule, target, part, basis, scaled, logged,
  CAST(coalesce(sum(requests) FILTER (WHERE is_known), 0) AS BIGINT), CAST(coalesce(sum(requests) FILTER (WHERE NOT is_known), 0) AS BIGINT),
  CAST(coalesce(sum(requests) FILTER (WHERE is_known AND part <> 'blocked'), 0) AS BIGINT), CAST(coalesce(sum(requests) FILTER (WHERE is_known AND is_strong), 0) AS BIGINT),
  coalesce(sum(before_cost) FILTER (WHERE is_known), 0), coalesce(sum(after_cost) FILTER (WHERE is_known), 0),
  CAST(coalesce(sum(before_read) FILTER (WHERE is_known), 0) AS BIGINT), CAST(coalesce(sum(after_read) FILTER (WHERE is_known), 0) AS BIGINT),
  CAST(coalesce(sum(requests) FILTER (WHERE is_known AND is_timed), 0) AS BIGINT),
  CAST(coalesce(sum(before_ms) FILTER (WHERE is_known AND is_timed), 0) AS BIGINT), CAST(coalesce(sum(after_ms) FILTER (WHERE is_known AND is_timed), 0) AS BIGINT),
  CAST(coalesce(sum(requests) FILTER (WHERE is_known AND is_judged), 0) AS BIGINT),
  coalesce(sum(before_quality) FILTER (WHERE is_known AND is_judged), 0), coalesce(sum(after_quality) FILTER (WHERE is_known AND is_judged), 0)
FROM routing_cells WHERE variant = 0 GROUP BY ALL ORDER BY ALL
