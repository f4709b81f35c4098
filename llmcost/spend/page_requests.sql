-- one row is one line of a usage page in the shape of a request, so that it can be billed like one; it stands for many, whose sizes are unknown
INSERT INTO requests BY NAME
SELECT seq, ts_us, provider, model, service_tier, speed, inference_geo, 'call' AS kind, greatest(coalesce(requests, 2), 2) AS requests,
  'exact' AS usage_quality, 'declared' AS usage_basis,
  CASE WHEN searches > 0 THEN MAP {{'web_search': CAST(searches AS DECIMAL(18, 6))}} END AS units, {tokens}
FROM page_usage
