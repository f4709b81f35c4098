-- the only row: what production cost, its requests without a known cost, and its first and last time
SELECT sum(cost), CAST(coalesce(sum(billed_requests) FILTER (WHERE cost IS NULL), 0) AS BIGINT), min(ts_us), max(ts_us)
FROM ({attributed}) WHERE cap_scope = 'production'
