-- one row is one response of Cohere: chat, embed or rerank; bare or wrapped
-- raw: json
WITH bodies AS (
  -- a bare answer has a `message` of its own, which is no wrapper
  SELECT * REPLACE (CASE WHEN json_exists(json, '$.usage.billed_units') OR json_exists(json, '$.meta.billed_units') THEN json ELSE body END AS body)
  FROM enveloped
), opened_up AS (
  SELECT *, from_json(body, '{"id":"VARCHAR","response_id":"VARCHAR","generation_id":"VARCHAR","finish_reason":"VARCHAR","model":"VARCHAR"}') AS b,
    from_json(coalesce(object_at(body, '$.usage'), object_at(body, '$.meta')),
      '{"billed_units":{"input_tokens":"VARCHAR","output_tokens":"VARCHAR","search_units":"VARCHAR","images":"VARCHAR"}}') AS u
  FROM bodies
)
SELECT file, md5(CAST(json AS VARCHAR)) AS line_digest, 'cohere' AS source,
  CASE WHEN u.billed_units IS NULL THEN 'no response of Cohere' END AS doubt,
  coalesce(said(b.id), said(b.response_id), said(b.generation_id), said(o.request_id)) AS id,
  outer_time(o) AS started, outer_end(o) AS ended, coalesce(o.latency_ms, o.duration_ms) AS latency_ms,
  CASE WHEN http_status >= '400' OR b.finish_reason = 'ERROR' THEN 'error' ELSE 'success' END AS status, http_status AS error_code, b.finish_reason AS finish_reason,
  coalesce(said(o.provider), 'cohere') AS provider, coalesce(b.model, q.model, o.model) AS model, q.model AS model_requested,
  CASE WHEN json_exists(body, '$.embeddings') THEN 'embeddings' WHEN u.billed_units.search_units IS NOT NULL AND u.billed_units.output_tokens IS NULL THEN 'rerank' ELSE 'chat' END AS operation,
  outer_user(o) AS "user", o.agent AS agent, o.feature AS feature, o.team AS team, o.plan AS plan, o.key AS key, o.project AS project, o.environment AS environment, o.task AS task,
  coalesce(o.session, o.session_id) AS session, coalesce(o.trace, o.trace_id) AS trace, coalesce(o.turn, o.turn_id) AS turn, o.region AS region,
  q.metadata AS facts, coalesce(o.metadata, o.tags) AS more_facts,
  -- units say that something else than tokens was used
  coalesce(u.billed_units.input_tokens, CASE WHEN coalesce(u.billed_units.search_units, u.billed_units.images) IS NOT NULL THEN '0' END) AS input,
  coalesce(u.billed_units.output_tokens, '0') AS output,
  units_of([{'k': 'query', 'v': u.billed_units.search_units}, {'k': 'input_image', 'v': u.billed_units.images}]) AS units,
  true AS input_includes_cache, true AS output_includes_reasoning,
  outer_cost(o) AS source_cost, CASE WHEN outer_cost(o) IS NOT NULL THEN 'recorded' END AS source_cost_kind,
  coalesce(q.messages, q.input) AS prompt
FROM opened_up
