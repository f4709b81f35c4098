-- one row is one object of Google's Interactions API, bare or wrapped
-- raw: json
SELECT file, md5(CAST(json AS VARCHAR)) AS line_digest, 'gemini_interactions' AS source,
  CASE WHEN coalesce(b.object = 'interaction' OR b.usage.total_input_tokens IS NOT NULL, false) THEN NULL ELSE 'no interaction' END AS doubt,
  coalesce(said(b.id), said(o.request_id), said(o.id)) AS id, coalesce(b.created, outer_time(o)) AS started, outer_end(o) AS ended, coalesce(o.latency_ms, o.duration_ms) AS latency_ms,
  CASE WHEN b.status = 'cancelled' THEN b.status WHEN b.status = 'failed' OR b.error IS NOT NULL OR http_status >= '400' THEN 'error' ELSE 'success' END AS status,
  b.error.status AS error_class, coalesce(b.error.code, CASE WHEN http_status >= '400' THEN http_status END) AS error_code, b.error.message AS error_message,
  CASE WHEN b.status IN ('incomplete', 'requires_action') THEN b.status END AS finish_reason,
  coalesce(said(o.provider), 'google') AS provider,
  -- an agent that Google runs has its own price
  google_model(coalesce(b.model, b.agent, q.model)) AS model, google_model(q.model) AS model_requested, 'chat' AS operation, b.service_tier AS service_tier, o.region AS region,
  outer_user(o) AS "user", o.agent AS agent, o.feature AS feature, o.team AS team, o.plan AS plan, o.key AS key, o.project AS project, o.environment AS environment, o.task AS task,
  coalesce(o.session, o.session_id) AS session, coalesce(o.trace, o.trace_id) AS trace, coalesce(o.turn, o.turn_id) AS turn, coalesce(o.metadata, o.tags) AS more_facts,
  u.total_input_tokens AS input, u.total_output_tokens AS output, u.total_tokens AS total, u.total_cached_tokens AS cache_read, u.total_thought_tokens AS reasoning, u.total_tool_use_tokens AS tool_use,
  CAST(tokens_of(u.input_tokens_by_modality, u.total_input_tokens, 'audio') AS VARCHAR) AS audio_input,
  CAST(tokens_of(u.cached_tokens_by_modality, u.total_cached_tokens, 'audio') AS VARCHAR) AS audio_cache_read,
  CAST(tokens_of(u.input_tokens_by_modality, u.total_input_tokens, 'image') AS VARCHAR) AS image_input,
  CAST(tokens_of(u.cached_tokens_by_modality, u.total_cached_tokens, 'image') AS VARCHAR) AS image_cache_read,
  CAST(tokens_of(u.input_tokens_by_modality, u.total_input_tokens, 'video') - coalesce(tokens_of(u.cached_tokens_by_modality, u.total_cached_tokens, 'video'), 0) AS VARCHAR) AS video_input,
  CAST(tokens_of(u.output_tokens_by_modality, u.total_output_tokens, 'audio') AS VARCHAR) AS audio_output,
  CAST(tokens_of(u.output_tokens_by_modality, u.total_output_tokens, 'image') AS VARCHAR) AS image_output,
  true AS input_includes_cache, false AS output_includes_reasoning,
  json_extract(request, '$.input') AS prompt
FROM (
  SELECT *, b.usage AS u
  FROM (
    SELECT *, from_json(body, '{"id":"VARCHAR","object":"VARCHAR","status":"VARCHAR","created":"VARCHAR","model":"VARCHAR","agent":"VARCHAR","service_tier":"VARCHAR",
      "error":{"code":"VARCHAR","status":"VARCHAR","message":"VARCHAR"},
      "usage":{"total_input_tokens":"VARCHAR","total_output_tokens":"VARCHAR","total_tokens":"VARCHAR","total_cached_tokens":"VARCHAR","total_thought_tokens":"VARCHAR","total_tool_use_tokens":"VARCHAR",
        "input_tokens_by_modality":[{"modality":"VARCHAR","token_count":"VARCHAR","tokens":"VARCHAR"}],
        "cached_tokens_by_modality":[{"modality":"VARCHAR","token_count":"VARCHAR","tokens":"VARCHAR"}],
        "output_tokens_by_modality":[{"modality":"VARCHAR","token_count":"VARCHAR","tokens":"VARCHAR"}]}}') AS b
    FROM enveloped
  )
)
