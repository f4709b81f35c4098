-- one row is one group of requests, by the asked dimensions, with what fixed costs can be shared out by; with $seq of one request alone
SELECT dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, dim_9,
  CAST(coalesce(sum(input_tokens + output_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS HUGEINT) AS tokens,
  CAST(sum(billed_requests) AS HUGEINT) AS requests,
  coalesce(sum(cost), 0) AS cost,
  CAST(coalesce(sum(latency_ms) FILTER (WHERE kind <> 'cache_hit'), 0) AS HUGEINT) AS hours, -- of work, in milliseconds
  CAST(coalesce(sum(billed_requests) FILTER (WHERE latency_ms IS NULL), 0) AS BIGINT) AS untimed
FROM attributed
WHERE $seq IS NULL OR seq = $seq
GROUP BY dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, dim_9
