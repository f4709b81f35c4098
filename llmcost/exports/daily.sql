-- one row is one UTC day of one combination of scope, source, provider, model, agent, feature, plan and team
SELECT dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, dim_9,
  CAST(coalesce(sum(requests) FILTER (WHERE billed), 0) AS BIGINT) AS requests,
  CAST(coalesce(sum(requests) FILTER (WHERE kind = 'attempt' AND NOT billed), 0) AS BIGINT) AS attempts,
  count(DISTINCT coalesce(turn, trace, request_id)) FILTER (WHERE kind <> 'iteration') AS turns,
  CAST(coalesce(sum(input_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS input_tokens,
  CAST(coalesce(sum(cache_read_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS cache_read_tokens,
  CAST(coalesce(sum(cache_write_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS cache_write_tokens,
  CAST(coalesce(sum(output_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS output_tokens,
  CAST(coalesce(sum(reasoning_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS reasoning_tokens,
  sum(cost) AS cost,
  sum(source_cost) AS source_cost,
  CAST(coalesce(sum(requests) FILTER (WHERE billed AND cost IS NULL AND usage_quality <> 'missing'), 0) AS BIGINT) AS unpriced_requests,
  CAST(coalesce(sum(requests) FILTER (WHERE billed AND usage_quality = 'missing'), 0) AS BIGINT) AS usage_missing
FROM (
  SELECT *, kind = 'call' OR (kind = 'attempt' AND input_tokens + output_tokens > 0) AS billed FROM attributed
)
GROUP BY ALL
ORDER BY dim_1 NULLS FIRST, dim_2 NULLS FIRST, dim_3 NULLS FIRST, dim_4 NULLS FIRST, dim_5 NULLS FIRST, dim_6 NULLS FIRST,
  dim_7 NULLS FIRST, dim_8 NULLS FIRST, dim_9 NULLS FIRST
