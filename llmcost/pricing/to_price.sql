-- one row is one stored request that the changed prices concern; a request without time is concerned whatever changed
CREATE OR REPLACE TEMP TABLE to_price AS
SELECT r.* FROM requests r JOIN concerned c
  ON (c.provider, c.model, c.service_tier, c.speed, c.region, c.inference_geo)
    IS NOT DISTINCT FROM (r.provider, r.model, r.service_tier, r.speed, r.region, r.inference_geo)
  AND (r.ts_us IS NULL OR c.since_us IS NULL OR (r.ts_us >= c.since_us AND r.ts_us < c.until_us))
