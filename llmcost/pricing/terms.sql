-- one row is one combination of names that decides a price
SELECT DISTINCT provider, model, service_tier, speed, region, inference_geo
FROM requests
ORDER BY ALL
