-- one row is the usage of one run of a crew (CrewAI's UsageMetrics): a sum over its calls, bare or beside what the program noted
-- raw: json
SELECT file, md5(CAST(json AS VARCHAR)) AS line_digest, 'crewai' AS source,
  CASE WHEN u.successful_requests IS NULL THEN 'no usage of a crew' END AS doubt,
  coalesce(said(o.request_id), said(o.id)) AS id, outer_time(o) AS started, outer_end(o) AS ended, coalesce(o.latency_ms, o.duration_ms) AS latency_ms,
  CASE WHEN u.successful_requests = '0' THEN 'a run without a call' END AS skip,
  u.successful_requests AS requests, said(o.provider) AS provider, said(o.model) AS model, 'chat' AS operation, o.region AS region,
  outer_user(o) AS "user", o.agent AS agent, coalesce(o.feature, said(json_extract_string(json, '$.crew'))) AS feature, o.team AS team, o.plan AS plan, o.key AS key, o.project AS project,
  o.environment AS environment, o.task AS task,
  coalesce(o.session, o.session_id) AS session, coalesce(o.trace, o.trace_id) AS trace, coalesce(o.turn, o.turn_id) AS turn, coalesce(o.metadata, o.tags) AS more_facts,
  u.prompt_tokens AS input, u.completion_tokens AS output, u.total_tokens AS total, u.cached_prompt_tokens AS cache_read, u.cache_creation_tokens AS cache_write, u.reasoning_tokens AS reasoning,
  true AS input_includes_cache
FROM (
  SELECT *, from_json(coalesce(object_at(json, '$.token_usage'), object_at(json, '$.usage_metrics'), json), '{"total_tokens":"VARCHAR","prompt_tokens":"VARCHAR","cached_prompt_tokens":"VARCHAR",
    "completion_tokens":"VARCHAR","reasoning_tokens":"VARCHAR","cache_creation_tokens":"VARCHAR","successful_requests":"VARCHAR"}') AS u
  FROM enveloped
)
