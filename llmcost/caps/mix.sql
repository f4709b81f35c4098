-- one row is one plan, feature and model: production requests of known cost of known users, and what they cost, in pico-dollars
SELECT cap_plan, cap_feature, model, CAST(sum(billed_requests) AS BIGINT) AS requests, CAST(sum(CAST(cost * 1000000000000 AS HUGEINT)) AS HUGEINT) AS cost_pico
FROM ({attributed})
WHERE cap_scope = 'production' AND cap_subject IS NOT NULL AND cost IS NOT NULL
GROUP BY ALL HAVING sum(billed_requests) > 0
ORDER BY cost_pico DESC, cap_plan, cap_feature, model
