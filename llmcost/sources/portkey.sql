-- one row is one request that Portkey recorded, from its log export or its API
-- raw: id, trace_id, created_at, ai_org, ai_provider, ai_model, req_units, res_units, total_units, request_tokens, response_tokens, cost, cost_currency,
--   response_time, response_status_code, status_code, is_success, cache_status, retry_success_count, last_used_option_index, config,
--   span_id, parent_span_id, prompt_slug, request_url, metadata, request, response
SELECT file, 'portkey' AS source, said(id) AS id,
  CASE WHEN said(id) IS NULL THEN md5(concat_ws('|', trace_id, created_at, ai_model, req_units, res_units, cost, metadata)) END AS line_digest,
  CASE WHEN created_at IS NULL OR coalesce(ai_model, request) IS NULL THEN 'no log of Portkey' END AS doubt,
  created_at AS started, response_time AS latency_ms,
  CASE WHEN failed_http(http) IS NOT NULL OR lower(is_success) IN ('false', '0') THEN 'error' ELSE 'success' END AS status,
  nullif(concat_ws(' ', a.error.type, failed_http(http)), '') AS error_class, coalesce(a.error.code, failed_http(http)) AS error_code, a.error.message AS error_message,
  coalesce(a.choices[1].finish_reason, a.stop_reason) AS finish_reason,
  -- HIT, or SEMANTIC HIT
  ends_with(upper(cache_status), 'HIT') AS cache_hit,
  CASE WHEN options + retries > 0 THEN CAST(options + retries AS VARCHAR) END AS fallbacks,
  lower(coalesce(said(ai_org), said(ai_provider))) AS provider, coalesce(said(a.model), said(ai_model)) AS model, said(ai_model) AS model_requested,
  CASE WHEN contains(request_url, 'embedding') THEN 'embeddings' END AS operation,
  json_extract_string(facts, '$._user') AS "user", json_extract_string(facts, '$._environment') AS environment,
  said(trace_id) AS trace, said(parent_span_id) AS parent, said(prompt_slug) AS feature,
  facts,
  coalesce(u.prompt_tokens, u.input_tokens, req_units, request_tokens) AS input, coalesce(u.completion_tokens, u.output_tokens, res_units, response_tokens) AS output,
  CASE WHEN has_detail THEN u.total_tokens ELSE total_units END AS total,
  coalesce(u.cache_read_input_tokens, p.cached_tokens) AS cache_read,
  coalesce(u.cache_creation_input_tokens, p.cache_write_tokens) AS cache_write,
  u.cache_creation.ephemeral_5m_input_tokens AS cache_write_5m, u.cache_creation.ephemeral_1h_input_tokens AS cache_write_1h,
  p.audio_tokens AS audio_input, c.audio_tokens AS audio_output, c.reasoning_tokens AS reasoning, c.rejected_prediction_tokens AS rejected_prediction,
  -- Anthropic's own body counts the cache beside the input; the others, and Portkey's translation, inside
  CASE WHEN u.prompt_tokens IS NOT NULL OR u.input_tokens_details IS NOT NULL THEN true WHEN u.input_tokens IS NOT NULL AND u.total_tokens IS NULL THEN false END AS input_includes_cache,
  NOT has_detail AS usage_partial,
  CASE WHEN coalesce(lower(cost_currency), 'usd') IN ('usd', 'cents') THEN cost END AS source_cost, 'cents' AS source_cost_unit, 'list_estimate' AS source_cost_kind,
  coalesce(json_extract_string(opened(request), '$.messages'), json_extract_string(opened(request), '$.body.messages')) AS prompt
FROM (
  SELECT *, a.usage AS u, coalesce(a.usage.prompt_tokens_details, a.usage.input_tokens_details) AS p,
    coalesce(a.usage.completion_tokens_details, a.usage.output_tokens_details) AS c,
    coalesce(a.usage.prompt_tokens, a.usage.input_tokens) IS NOT NULL AS has_detail
  FROM (
    SELECT *, coalesce(response_status_code, status_code) AS http, opened(metadata) AS facts,
      -- "1" or "config.targets[1]"; among targets that share the load a later one is no fallback
      CASE WHEN contains(config, 'loadbalance') THEN 0
           ELSE coalesce(list_sum(CAST(regexp_extract_all(last_used_option_index, '[0-9]+') AS BIGINT[])), 0) END AS options,
      coalesce(whole(retry_success_count), 0) AS retries,
      from_json(coalesce(object_at(opened(response), '$.body'), opened(response)), '{"model":"VARCHAR","stop_reason":"VARCHAR",
        "choices":[{"finish_reason":"VARCHAR"}],"error":{"code":"VARCHAR","type":"VARCHAR","message":"VARCHAR"},
        "usage":{"prompt_tokens":"VARCHAR","input_tokens":"VARCHAR","completion_tokens":"VARCHAR","output_tokens":"VARCHAR","total_tokens":"VARCHAR",
          "cache_read_input_tokens":"VARCHAR","cache_creation_input_tokens":"VARCHAR",
          "cache_creation":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"},
          "prompt_tokens_details":{"cached_tokens":"VARCHAR","cache_write_tokens":"VARCHAR","audio_tokens":"VARCHAR"},
          "input_tokens_details":{"cached_tokens":"VARCHAR","cache_write_tokens":"VARCHAR","audio_tokens":"VARCHAR"},
          "completion_tokens_details":{"reasoning_tokens":"VARCHAR","audio_tokens":"VARCHAR","rejected_prediction_tokens":"VARCHAR"},
          "output_tokens_details":{"reasoning_tokens":"VARCHAR","audio_tokens":"VARCHAR","rejected_prediction_tokens":"VARCHAR"}}}') AS a
    FROM raw
  )
)
