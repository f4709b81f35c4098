-- one row is one source: what the report rests on, in the same window and under the same condition
-- the rules of counting stand in the view `ledger`; without_... is how much of the cost has no such name
SELECT source,
  CAST(sum(billed_requests) AS BIGINT) AS requests,
  CAST(sum(unbilled_attempts) AS BIGINT) AS attempts,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE usage_quality = 'missing'), 0) AS BIGINT) AS usage_missing,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE usage_basis = 'assumed'), 0) AS BIGINT) AS usage_assumed,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE is_unpriced), 0) AS BIGINT) AS unpriced_requests,
  CAST(coalesce(sum(input_tokens + output_tokens) FILTER (WHERE is_unpriced), 0) AS BIGINT) AS unpriced_tokens,
  sum(cost) AS cost,
  sum(source_cost) AS source_cost,
  sum(cost) FILTER (WHERE billed_requests > 0 AND source_cost IS NOT NULL) AS both_cost,
  sum(source_cost) FILTER (WHERE billed_requests > 0 AND cost IS NOT NULL) AS both_source_cost,
  sum(cost) FILTER (WHERE dim_feature IS NULL) AS without_feature,
  sum(cost) FILTER (WHERE dim_agent IS NULL) AS without_agent,
  sum(cost) FILTER (WHERE dim_team IS NULL) AS without_team,
  sum(cost) FILTER (WHERE dim_key IS NULL) AS without_key,
  sum(cost) FILTER (WHERE dim_user IS NULL) AS without_user,
  max(ts_us) AS last_us
FROM attributed
GROUP BY source ORDER BY source
