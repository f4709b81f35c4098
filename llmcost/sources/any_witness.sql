-- whether any request that is counted by assumption has a recorded cost to ask
SELECT count(*) > 0 FROM (SELECT 1 FROM records WHERE r.usage_basis = 'assumed' AND r.source_cost > 0 AND (r.cache_assumed OR r.reasoning_assumed) LIMIT 1)
