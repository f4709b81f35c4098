-- one row is one rule, model and way in which its tokens are known, with the requests before and after
SELECT rule, target, part, basis, logged,
  CAST(sum(requests) AS BIGINT), CAST(sum(unknown) AS BIGINT), CAST(sum(served) AS BIGINT), CAST(sum(strong) AS BIGINT),
  CAST(sum(before_pico) AS HUGEINT), CAST(sum(after_pico) AS HUGEINT), CAST(sum(before_read) AS BIGINT), CAST(sum(after_read) AS BIGINT),
  CAST(sum(timed) AS BIGINT), CAST(sum(before_ms) AS BIGINT), CAST(sum(after_ms) AS BIGINT),
  CAST(sum(judged) AS BIGINT), sum(before_quality), sum(after_quality)
FROM routing_cells WHERE variant = 0 GROUP BY ALL ORDER BY ALL
