-- one row: requests that a break-even does not look at, each under the first reason that holds
SELECT coalesce(sum(billed_requests) FILTER (WHERE flow_scope IS DISTINCT FROM 'production'), 0),
  coalesce(sum(billed_requests) FILTER (WHERE flow_scope = 'production' AND ts_us IS NULL), 0),
  coalesce(sum(billed_requests) FILTER (WHERE flow_scope = 'production' AND ts_us IS NOT NULL AND requests > 1), 0)
FROM ({attributed})
