-- one row is one request that Helicone recorded, from its query API, its exporter, the CSV of its UI, or its table in ClickHouse
-- raw: request_id, response_id, request_created_at, response_created_at, response_status, status, request_model, response_model, model_override, model,
--   provider, request_user_id, helicone_user, user_id, request_properties, properties, request_path, target_url, request_body,
--   delay_ms, latency, time_to_first_token, cache_reference_id, prompt_tokens, completion_tokens, total_tokens,
--   prompt_cache_read_tokens, prompt_cache_write_tokens, reasoning_tokens, prompt_audio_tokens, completion_audio_tokens, costUSD, cost_usd, cost
SELECT file, 'helicone' AS source,
  -- the CSV of the UI has only the id of the response
  coalesce(said(request_id), said(response_id)) AS id,
  CASE WHEN coalesce(said(request_id), said(response_id)) IS NULL
       THEN md5(concat_ws('|', request_created_at, response_created_at, request_model, response_model, model, http, prompt_tokens, completion_tokens, total_tokens, request_properties)) END AS line_digest,
  CASE WHEN request_created_at IS NULL THEN 'no request of Helicone' END AS doubt,
  request_created_at AS started, response_created_at AS ended, coalesce(delay_ms, latency) AS latency_ms, time_to_first_token AS ttft_ms,
  -- below zero is Helicone's own: the provider never answered
  CASE WHEN failed_http(http) IS NOT NULL OR TRY_CAST(http AS INTEGER) < 0 THEN 'error' ELSE 'success' END AS status,
  CASE WHEN failed_http(http) IS NOT NULL OR TRY_CAST(http AS INTEGER) < 0 THEN http END AS error_code,
  cache_reference_id <> '' AND cache_reference_id NOT IN ('00000000-0000-0000-0000-000000000000', 'null') AS cache_hit,
  CASE lower(provider) WHEN 'x' THEN 'xai' WHEN 'vertex' THEN 'vertex_ai' ELSE lower(said(provider)) END AS provider,
  coalesce(said(model_override), said(response_model), said(model), said(request_model)) AS model, said(request_model) AS model_requested,
  CASE WHEN contains(coalesce(request_path, target_url), 'embedding') THEN 'embeddings' END AS operation,
  coalesce(said(request_user_id), said(helicone_user), said(user_id)) AS "user",
  request_properties AS facts, properties AS more_facts,
  prompt_tokens AS input, completion_tokens AS output, total_tokens AS total,
  prompt_cache_read_tokens AS cache_read, prompt_cache_write_tokens AS cache_write, reasoning_tokens AS reasoning,
  prompt_audio_tokens AS audio_input, completion_audio_tokens AS audio_output,
  coalesce(costUSD, cost_usd, cost) AS source_cost,
  -- the table keeps money in billionths; it is told from the exports by its column names
  CASE WHEN coalesce(costUSD, cost_usd) IS NULL AND delay_ms IS NULL AND latency IS NOT NULL THEN 'nanos' END AS source_cost_unit, 'list_estimate' AS source_cost_kind,
  json_extract_string(opened(request_body), '$.messages') AS prompt
FROM (SELECT *, coalesce(response_status, status) AS http FROM raw)
