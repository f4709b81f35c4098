-- one row is one group of requests, by the asked dimensions (dim_1 ... dim_9); the rules of counting stand in the view `ledger`
SELECT dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, dim_9,
  CAST(sum(billed_requests) AS BIGINT) AS requests,
  CAST(sum(unbilled_attempts) AS BIGINT) AS attempts,
  count(DISTINCT coalesce(turn_given, trace, request_id)) FILTER (WHERE kind <> 'iteration') AS turns,
  CAST(coalesce(sum(input_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS input_tokens,
  CAST(coalesce(sum(cache_read_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS cache_read_tokens,
  CAST(coalesce(sum(cache_write_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS cache_write_tokens,
  CAST(coalesce(sum(output_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS output_tokens,
  CAST(coalesce(sum(reasoning_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS reasoning_tokens,
  sum(cost) AS cost,
  sum(source_cost) AS source_cost,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE is_unpriced), 0) AS BIGINT) AS unpriced_requests,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE usage_quality = 'missing'), 0) AS BIGINT) AS usage_missing
FROM attributed
GROUP BY dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, dim_9
