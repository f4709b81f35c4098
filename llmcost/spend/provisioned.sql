-- the only row: billed requests on prepaid capacity, which cost nothing by the token, and those of them that no fixed cost serves
SELECT CAST(coalesce(sum(billed_requests), 0) AS BIGINT), CAST(coalesce(sum(billed_requests) FILTER (WHERE NOT is_served), 0) AS BIGINT)
FROM attributed
WHERE lower(service_tier) IN (SELECT unnest(CAST($tiers AS VARCHAR[]))) AND cost = 0
