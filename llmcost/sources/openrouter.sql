-- one row is one generation: a line of OpenRouter's activity export, or an answer of /generation of OpenRouter or Vercel's AI Gateway
-- raw: json
SELECT file, CASE WHEN is_vercel THEN 'vercel_gateway' ELSE 'openrouter' END AS source, md5(CAST(json AS VARCHAR)) AS line_digest,
  coalesce(said(b.generation_id), said(b.id)) AS id,
  CASE WHEN coalesce(b.generation_id, b.id) IS NULL OR b.created_at IS NULL THEN 'no generation' END AS doubt,
  b.created_at AS started,
  CASE WHEN is_vercel THEN b.generation_time ELSE coalesce(b.generation_time_ms, b.latency) END AS latency_ms,
  CASE WHEN is_vercel THEN b.latency ELSE b.time_to_first_token_ms END AS ttft_ms,
  CASE WHEN lower(b.cancelled) = 'true' THEN 'cancelled' WHEN finish_reason = 'error' OR failed_http(last_status) IS NOT NULL THEN 'error' ELSE 'success' END AS status,
  failed_http(last_status) AS error_code, finish_reason,
  -- every answer before the last one is a provider that failed
  CASE WHEN tries > 1 THEN coalesce(b.generation_id, b.id) END AS chain,
  CASE WHEN tries > 1 THEN CAST(tries AS VARCHAR) END AS chain_step,
  CASE WHEN tries > 1 THEN coalesce(error_kind_of(NULL, failed_http(b.provider_responses[tries - 1].status), NULL), 'unknown') END AS chain_reason,
  -- the maker of the model, whose list price the gateway passes on, whoever hosts it; a variant with a price of its own keeps its name
  CASE WHEN contains(model, '/') THEN split_part(model, '/', 1) END AS provider,
  CASE WHEN b.variant IN ('free', 'extended') AND NOT contains(model, ':') THEN model || ':' || b.variant ELSE model END AS model,
  CASE WHEN contains(model, 'embed') THEN 'embeddings' ELSE b.api_type END AS operation,
  coalesce(said(b.user), said(b.external_user)) AS "user", said(b.api_key_name) AS key, said(b.session_id) AS session,
  said(b.app_name) AS feature,
  json_object('provider_name', b.provider_name) AS facts,
  -- what the provider counted is billed; the other counts are of one tokenizer for all models
  coalesce(b.native_tokens_prompt, b.tokens_prompt) AS input, coalesce(b.native_tokens_completion, b.tokens_completion) AS output,
  coalesce(b.native_tokens_cached, b.tokens_cached) AS cache_read, b.native_tokens_cache_creation AS cache_write,
  coalesce(b.native_tokens_reasoning, b.tokens_reasoning) AS reasoning,
  true AS input_includes_cache, true AS output_includes_reasoning,
  b.billable_web_search_calls AS web_searches,
  -- with a key of one's own the gateway charges its fee, and the provider the rest
  CASE WHEN own_key > 0 THEN CAST(TRY_CAST(charged AS DECIMAL(38, 18)) + own_key AS VARCHAR) ELSE charged END AS source_cost,
  CASE WHEN own_key > 0 THEN 'list_estimate' ELSE 'charged' END AS source_cost_kind
FROM (
  SELECT *, b.native_tokens_cache_creation IS NOT NULL OR b.billable_web_search_calls IS NOT NULL AS is_vercel,
    coalesce(said(b.model_permaslug), said(b.model)) AS model, coalesce(b.finish_reason_normalized, b.finish_reason) AS finish_reason,
    coalesce(b.cost_total, b.total_cost) AS charged,
    TRY_CAST(coalesce(b.byok_usage_inference, CASE WHEN lower(b.is_byok) = 'true' AND b.native_tokens_cache_creation IS NULL THEN b.upstream_inference_cost END) AS DECIMAL(38, 18)) AS own_key,
    len(b.provider_responses) AS tries, b.provider_responses[-1].status AS last_status
  FROM (
    SELECT file, json, from_json(coalesce(object_at(json, '$.data'), json), '{"generation_id":"VARCHAR","id":"VARCHAR","created_at":"VARCHAR",
      "cost_total":"VARCHAR","total_cost":"VARCHAR","byok_usage_inference":"VARCHAR","upstream_inference_cost":"VARCHAR","is_byok":"VARCHAR",
      "tokens_prompt":"VARCHAR","tokens_completion":"VARCHAR","tokens_reasoning":"VARCHAR","tokens_cached":"VARCHAR",
      "native_tokens_prompt":"VARCHAR","native_tokens_completion":"VARCHAR","native_tokens_reasoning":"VARCHAR","native_tokens_cached":"VARCHAR",
      "native_tokens_cache_creation":"VARCHAR","billable_web_search_calls":"VARCHAR","model_permaslug":"VARCHAR","model":"VARCHAR","variant":"VARCHAR",
      "provider_name":"VARCHAR","cancelled":"VARCHAR","user":"VARCHAR","external_user":"VARCHAR","session_id":"VARCHAR","api_type":"VARCHAR",
      "finish_reason_normalized":"VARCHAR","finish_reason":"VARCHAR","generation_time_ms":"VARCHAR","generation_time":"VARCHAR","latency":"VARCHAR",
      "time_to_first_token_ms":"VARCHAR","api_key_name":"VARCHAR","app_name":"VARCHAR","provider_responses":[{"status":"VARCHAR"}]}') AS b
    FROM raw
  )
)
