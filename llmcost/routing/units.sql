-- one row is one user or session: what it cost before and after, and at the ends of the token ratios, in nano-dollars; scores in millionths
SELECT
  CAST(coalesce(sum(before_cost) FILTER (WHERE variant = 0), 0) * 1000000000 AS BIGINT) AS before,
  CAST(coalesce(sum(after_cost) FILTER (WHERE variant = 0), 0) * 1000000000 AS BIGINT) AS after{ends},
  CAST(coalesce(sum(requests) FILTER (WHERE variant = 0 AND is_judged), 0) AS BIGINT) AS judged,
  CAST(coalesce(sum(before_quality) FILTER (WHERE variant = 0 AND is_judged), 0) * 1000000 AS BIGINT) AS quality_before,
  CAST(coalesce(sum(after_quality) FILTER (WHERE variant = 0 AND is_judged), 0) * 1000000 AS BIGINT) AS quality_after
FROM routing_cells WHERE is_known AND {only} GROUP BY unit ORDER BY unit
