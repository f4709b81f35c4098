-- one row is one request of Cloudflare's AI Gateway: of its list of logs, or of a Logpush job, which has neither time nor tokens
-- raw: json
SELECT file, 'cloudflare' AS source, said(b.id) AS id, md5(CAST(json AS VARCHAR)) AS line_digest,
  CASE WHEN coalesce(b.tokens_in, b.tokens_out, b.Gateway) IS NULL THEN 'no log of AI Gateway' END AS doubt,
  b.created_at AS started, b.duration AS latency_ms,
  CASE WHEN error_code IS NOT NULL OR lower(b.success) IN ('false', '0') THEN 'error' ELSE 'success' END AS status, error_code,
  lower(coalesce(b.cached, json_extract_string(json, '$.Cached'))) = 'true' AS cache_hit,
  CASE WHEN whole(b.step) > 0 THEN b.step END AS fallbacks,
  CASE provider WHEN 'google-vertex-ai' THEN 'vertex_ai' ELSE provider END AS provider, said(coalesce(b.model, json_extract_string(json, '$.Model'))) AS model,
  CASE WHEN contains(concat_ws(' ', b.path, b.Endpoint, b.request_type), 'embedding') THEN 'embeddings' END AS operation,
  said(b.Gateway) AS project, opened(json_extract_string(b.metadata, '$')) AS facts,
  b.tokens_in AS input, b.tokens_out AS output, true AS usage_partial,
  b.cost AS source_cost, 'list_estimate' AS source_cost_kind
FROM (
  SELECT *, CASE WHEN lower(b.RateLimited) = 'true' THEN '429' ELSE failed_http(coalesce(b.status_code, b.StatusCode)) END AS error_code,
    coalesce(b.provider, json_extract_string(json, '$.Provider')) AS provider
  FROM (
    SELECT file, json, from_json(json, '{"id":"VARCHAR","created_at":"VARCHAR","provider":"VARCHAR","model":"VARCHAR","step":"VARCHAR","success":"VARCHAR",
      "status_code":"VARCHAR","cached":"VARCHAR","cost":"VARCHAR","duration":"VARCHAR","tokens_in":"VARCHAR","tokens_out":"VARCHAR","metadata":"JSON",
      "path":"VARCHAR","request_type":"VARCHAR","Gateway":"VARCHAR","Endpoint":"VARCHAR","StatusCode":"VARCHAR","RateLimited":"VARCHAR"}') AS b
    FROM raw
  )
)
