-- keeps which prices bill each combination of names, in place of what was kept of it before
DELETE FROM {into} AS old USING priced_now n
WHERE (old.provider, old.model, old.service_tier, old.speed, old.region, old.inference_geo)
  IS NOT DISTINCT FROM (n.provider, n.model, n.service_tier, n.speed, n.region, n.inference_geo);
INSERT INTO {into} FROM priced_now
