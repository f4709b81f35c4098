-- one row is one source: what the report rests on, in the same window and under the same condition
-- the five dim columns are feature, agent, team, key and user: how much of the cost each of them leaves without a name
SELECT source,
  CAST(coalesce(sum(requests) FILTER (WHERE billed), 0) AS BIGINT) AS requests,
  CAST(coalesce(sum(requests) FILTER (WHERE kind = 'attempt' AND NOT billed), 0) AS BIGINT) AS attempts,
  CAST(coalesce(sum(requests) FILTER (WHERE billed AND usage_quality = 'missing'), 0) AS BIGINT) AS usage_missing,
  CAST(coalesce(sum(requests) FILTER (WHERE billed AND usage_basis = 'assumed'), 0) AS BIGINT) AS usage_assumed,
  CAST(coalesce(sum(requests) FILTER (WHERE billed AND cost IS NULL AND usage_quality <> 'missing'), 0) AS BIGINT) AS unpriced_requests,
  CAST(coalesce(sum(input_tokens + output_tokens) FILTER (WHERE billed AND cost IS NULL AND usage_quality <> 'missing'), 0) AS BIGINT) AS unpriced_tokens,
  sum(cost) AS cost,
  sum(source_cost) AS source_cost,
  sum(cost) FILTER (WHERE source_cost IS NOT NULL AND cost IS NOT NULL AND billed) AS both_cost,
  sum(source_cost) FILTER (WHERE source_cost IS NOT NULL AND cost IS NOT NULL AND billed) AS both_source_cost,
  sum(cost) FILTER (WHERE dim_1 IS NULL) AS without_feature,
  sum(cost) FILTER (WHERE dim_2 IS NULL) AS without_agent,
  sum(cost) FILTER (WHERE dim_3 IS NULL) AS without_team,
  sum(cost) FILTER (WHERE dim_4 IS NULL) AS without_key,
  sum(cost) FILTER (WHERE dim_5 IS NULL) AS without_user,
  max(ts_us) AS last_us
FROM (
  SELECT *, kind = 'call' OR (kind = 'attempt' AND input_tokens + output_tokens > 0) AS billed FROM attributed
)
GROUP BY source ORDER BY source
