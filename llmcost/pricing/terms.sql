-- one row is one combination of names that decides a price
-- hardly a log names the last three: looking for six columns at once takes half as long again
SELECT DISTINCT provider, model, service_tier, NULL::VARCHAR AS speed, NULL::VARCHAR AS region, NULL::VARCHAR AS inference_geo
FROM requests
WHERE speed IS NULL AND region IS NULL AND inference_geo IS NULL
UNION ALL
SELECT DISTINCT provider, model, service_tier, speed, region, inference_geo
FROM requests
WHERE speed IS NOT NULL OR region IS NOT NULL OR inference_geo IS NOT NULL
ORDER BY ALL
