-- the only row: requests in production whose cost is known, and that cost with the parts of calls that are billed apart
SELECT count(*) FILTER (WHERE kind <> 'iteration'), coalesce(sum(cost), 0) FROM ({attributed})
WHERE rt_scope = 'production' AND requests = 1 AND (billed_requests = 1 OR kind = 'iteration') AND cost IS NOT NULL
