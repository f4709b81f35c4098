-- the only row: requests that a policy does not look at, outside production and in aggregated rows
SELECT CAST(coalesce(sum(billed_requests) FILTER (WHERE rt_scope <> 'production' AND NOT $is_all), 0) AS BIGINT),
  CAST(coalesce(sum(billed_requests) FILTER (WHERE (rt_scope = 'production' OR $is_all) AND requests > 1), 0) AS BIGINT)
FROM ({attributed})
