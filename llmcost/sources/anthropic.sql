-- one row is one Anthropic message, or one of the iterations that it bills at another model, or one error body; bare or wrapped
-- raw: json
WITH bodies AS (
  SELECT *, from_json(body, '{"id":"VARCHAR","type":"VARCHAR","model":"VARCHAR","stop_reason":"VARCHAR","request_id":"VARCHAR","metadata":"JSON",
    "error":{"type":"VARCHAR","message":"VARCHAR"},
    "usage":{"input_tokens":"VARCHAR","output_tokens":"VARCHAR","cache_read_input_tokens":"VARCHAR","cache_creation_input_tokens":"VARCHAR",
      "cache_creation":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"},
      "output_tokens_details":{"thinking_tokens":"VARCHAR"},"server_tool_use":{"web_search_requests":"VARCHAR"},
      "service_tier":"VARCHAR","speed":"VARCHAR","inference_geo":"VARCHAR",
      "iterations":[{"type":"VARCHAR","model":"VARCHAR","input_tokens":"VARCHAR","output_tokens":"VARCHAR","cache_read_input_tokens":"VARCHAR",
        "cache_creation_input_tokens":"VARCHAR","cache_creation":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"}}]}}') AS b
  FROM enveloped
), billed AS (
  -- the top level holds the served message only: what else was billed (compaction, advisor, a declined fallback) are rows of their own
  SELECT * EXCLUDE (p), p.* FROM (SELECT *, unnest(list_concat(
    [{'part': 0, 'part_model': b.model, 'u': {'input_tokens': b.usage.input_tokens, 'output_tokens': b.usage.output_tokens,
      'cache_read_input_tokens': b.usage.cache_read_input_tokens, 'cache_creation_input_tokens': b.usage.cache_creation_input_tokens,
      'cache_creation': b.usage.cache_creation}}],
    list_transform(
      -- a fallback that was declined before it wrote anything is free
      list_filter(list_transform(b.usage.iterations, lambda it, n: {'it': it, 'n': n}),
        lambda x: x.it.type <> 'message' AND NOT (starts_with(x.it.type, 'fallback') AND coalesce(x.it.output_tokens, '0') = '0')),
      lambda x: {'part': x.n, 'part_model': coalesce(x.it.model, b.model), 'u': {'input_tokens': x.it.input_tokens, 'output_tokens': x.it.output_tokens,
        'cache_read_input_tokens': x.it.cache_read_input_tokens, 'cache_creation_input_tokens': x.it.cache_creation_input_tokens,
        'cache_creation': x.it.cache_creation}}))) AS p
  FROM bodies)
)
SELECT file, md5(CAST(json AS VARCHAR)) AS line_digest, 'anthropic_message' AS source,
  CASE WHEN o.call_type IS NULL AND coalesce(o.type, '') <> 'message_start' AND coalesce((b.type = 'message' AND b.usage IS NOT NULL) OR b.type = 'error' OR batch_result IN ('canceled', 'expired')
         OR (b.type IS NULL AND b.usage.input_tokens IS NOT NULL AND NOT json_exists(body, '$.object') AND NOT json_exists(body, '$.usage.total_tokens')), false)
       THEN NULL ELSE 'no Anthropic message' END AS doubt,
  nullif(part, 0) AS part,
  CASE WHEN part > 0 THEN coalesce(said(b.id), said(b.request_id), said(o.request_id), said(o.custom_id)) || '#' || part
       ELSE coalesce(said(b.id), said(b.request_id), said(o.request_id), said(o.custom_id)) END AS id,
  CASE WHEN part > 0 THEN said(b.id) END AS parent,
  CASE WHEN part > 0 THEN 'iteration' END AS kind_said,
  outer_time(o) AS started, outer_end(o) AS ended, coalesce(o.latency_ms, o.duration_ms) AS latency_ms,
  CASE WHEN batch_result = 'canceled' THEN 'cancelled' WHEN b.error.type IS NOT NULL OR batch_result = 'expired' THEN 'error' ELSE 'success' END AS status,
  coalesce(b.error.type, batch_result) AS error_class, b.error.message AS error_message, b.stop_reason AS finish_reason,
  coalesce(said(o.provider), CASE WHEN b.type IS NOT NULL OR contains(lower(coalesce(part_model, q.model, o.model)), 'claude') THEN 'anthropic' END) AS provider,
  coalesce(part_model, q.model, o.model) AS model, q.model AS model_requested, 'chat' AS operation,
  b.usage.service_tier AS service_tier, b.usage.speed AS speed, b.usage.inference_geo AS inference_geo, o.region AS region,
  coalesce(outer_user(o), said(json_extract_string(q.metadata, '$.user_id'))) AS "user",
  o.agent AS agent, o.feature AS feature, o.team AS team, o.plan AS plan, o.key AS key, o.project AS project, o.environment AS environment, o.task AS task,
  coalesce(o.session, o.session_id) AS session, coalesce(o.trace, o.trace_id) AS trace, coalesce(o.turn, o.turn_id) AS turn,
  q.metadata AS facts, coalesce(o.metadata, o.tags) AS more_facts,
  u.input_tokens AS input, u.output_tokens AS output, u.cache_read_input_tokens AS cache_read, u.cache_creation_input_tokens AS cache_write,
  u.cache_creation.ephemeral_5m_input_tokens AS cache_write_5m, u.cache_creation.ephemeral_1h_input_tokens AS cache_write_1h,
  CASE WHEN part = 0 THEN b.usage.output_tokens_details.thinking_tokens END AS reasoning,
  CASE WHEN part = 0 THEN b.usage.server_tool_use.web_search_requests END AS web_searches,
  false AS input_includes_cache, true AS output_includes_reasoning,
  outer_cost(o) AS source_cost, CASE WHEN outer_cost(o) IS NOT NULL THEN 'recorded' END AS source_cost_kind,
  coalesce(q.messages, q.system) AS prompt
FROM billed
