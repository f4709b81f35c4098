-- one row is one combination of names whose prices are others than those it was billed by, and from when until when
CREATE OR REPLACE TEMP TABLE concerned AS
WITH sides AS (
  SELECT n.* EXCLUDE (prices), o.prices IS NULL AS is_new, string_split(n.prices, chr(10)) AS now, string_split(coalesce(o.prices, ''), chr(10)) AS before
  FROM priced_now n
  LEFT JOIN priced_terms o
    ON (o.provider, o.model, o.service_tier, o.speed, o.region, o.inference_geo)
      IS NOT DISTINCT FROM (n.provider, n.model, n.service_tier, n.speed, n.region, n.inference_geo)
  WHERE n.prices IS DISTINCT FROM o.prices
), spans AS (
  SELECT * EXCLUDE (now, before),
    list_transform(list_filter(now || before, lambda line: NOT (list_contains(now, line) AND list_contains(before, line))),
                   lambda line: [TRY_CAST(split_part(line, ' ', 1) AS BIGINT), TRY_CAST(split_part(line, ' ', 2) AS BIGINT)]) AS differing
  FROM sides
)
SELECT * EXCLUDE (is_new, differing),
  -- where nothing tells what billed them, every time is concerned
  CASE WHEN NOT is_new THEN list_min(list_transform(differing, lambda span: span[1])) END AS since_us,
  CASE WHEN NOT is_new THEN list_max(list_transform(differing, lambda span: span[2])) END AS until_us
FROM spans
