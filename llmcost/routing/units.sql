-- one row is one user or session: what it cost before and after, and at the ends of the token ratios, in nano-dollars; scores in millionths
SELECT
  CAST(sum(before_pico) FILTER (WHERE variant = 0) // 1000 AS BIGINT) AS before,
  CAST(sum(after_pico) FILTER (WHERE variant = 0) // 1000 AS BIGINT) AS after{ends},
  CAST(sum(judged) FILTER (WHERE variant = 0) AS BIGINT) AS judged,
  CAST(sum(before_quality) FILTER (WHERE variant = 0) * 1000000 AS BIGINT) AS quality_before,
  CAST(sum(after_quality) FILTER (WHERE variant = 0) * 1000000 AS BIGINT) AS quality_after
FROM routing_cells WHERE {only} GROUP BY unit HAVING sum(requests) > 0 ORDER BY unit
