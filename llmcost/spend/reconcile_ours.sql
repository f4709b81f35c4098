-- one row is what the ledger holds of one stretch of time, model, tier and price; answers of a gateway's cache cost nothing and reach no provider
SELECT ts_us // {step_us} AS slot, provider, model, service_tier, price_id,
  CAST(sum(billed_requests) AS BIGINT) AS requests,
  CAST(sum(unbilled_attempts) AS BIGINT) AS attempts,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE usage_quality = 'missing'), 0) AS BIGINT) AS missing,
  CAST(coalesce(sum(requests) FILTER (WHERE error_kind = 'timeout'), 0) AS BIGINT) AS timeouts,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE is_unpriced), 0) AS BIGINT) AS unpriced,
  sum(cost) AS cost,
  count(*) AS rows,
  {tokens}
FROM attributed
WHERE kind <> 'cache_hit'
GROUP BY ALL
ORDER BY ALL
