-- one row is one request of Cloudflare's AI Gateway: of its list of logs, or of a Logpush job, which has neither time nor tokens
-- raw: id, created_at, provider, model, step, success, status_code, cached, cost, duration, tokens_in, tokens_out, metadata, path, request_type,
--   Gateway, Endpoint, StatusCode, RateLimited
SELECT file, 'cloudflare' AS source, said(id) AS id,
  CASE WHEN said(id) IS NULL THEN md5(concat_ws('|', created_at, provider, model, Gateway, Endpoint, http, metadata)) END AS line_digest,
  CASE WHEN coalesce(tokens_in, tokens_out, Gateway) IS NULL THEN 'no log of AI Gateway' END AS doubt,
  created_at AS started, duration AS latency_ms,
  CASE WHEN failed_http(http) IS NOT NULL OR lower(success) IN ('false', '0') OR lower(RateLimited) = 'true' THEN 'error' ELSE 'success' END AS status,
  CASE WHEN lower(RateLimited) = 'true' THEN '429' ELSE failed_http(http) END AS error_code,
  lower(cached) = 'true' AS cache_hit,
  CASE WHEN whole(step) > 0 THEN step END AS fallbacks,
  CASE provider WHEN 'google-vertex-ai' THEN 'vertex_ai' ELSE provider END AS provider, said(model) AS model,
  CASE WHEN contains(concat_ws(' ', path, Endpoint, request_type), 'embedding') THEN 'embeddings' END AS operation,
  said(Gateway) AS project, opened(metadata) AS facts,
  tokens_in AS input, tokens_out AS output, true AS usage_partial,
  cost AS source_cost, 'list_estimate' AS source_cost_kind
FROM (SELECT *, coalesce(status_code, StatusCode) AS http FROM raw)
