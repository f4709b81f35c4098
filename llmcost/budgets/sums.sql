-- one row is one group of requests: the sums that the metrics of the gate are made of; the rules of counting stand in the view `ledger`
SELECT {dims}
  CAST(coalesce(sum(billed_requests), 0) AS BIGINT) AS requests,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE cost IS NOT NULL), 0) AS BIGINT) AS priced_requests,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE is_unpriced), 0) AS BIGINT) AS unpriced_requests,
  CAST(coalesce(sum(input_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS input_tokens,
  CAST(coalesce(sum(cache_read_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS cache_read_tokens,
  CAST(coalesce(sum(output_tokens) FILTER (WHERE kind <> 'cache_hit'), 0) AS BIGINT) AS output_tokens,
  sum(cost) AS cost,
  count(*) AS ledger_rows
FROM attributed
{group}
