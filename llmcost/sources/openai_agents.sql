-- one row is one span or one trace of the OpenAI Agents SDK's export: a call of a model, or what stands above it
-- raw: json
WITH spans AS (
  SELECT file, json,
    from_json(json, '{"object":"VARCHAR","id":"VARCHAR","trace_id":"VARCHAR","parent_id":"VARCHAR","started_at":"VARCHAR","ended_at":"VARCHAR","workflow_name":"VARCHAR","group_id":"VARCHAR",
      "metadata":"JSON","error":{"message":"VARCHAR"},
      "span_data":{"type":"VARCHAR","name":"VARCHAR","model":"VARCHAR","response_id":"VARCHAR",
        "usage":{"input_tokens":"VARCHAR","output_tokens":"VARCHAR","prompt_tokens":"VARCHAR","completion_tokens":"VARCHAR","total_tokens":"VARCHAR","requests":"VARCHAR",
          "input_tokens_details":{"cached_tokens":"VARCHAR","cache_write_tokens":"VARCHAR"},"prompt_tokens_details":{"cached_tokens":"VARCHAR","cache_write_tokens":"VARCHAR"},
          "output_tokens_details":{"reasoning_tokens":"VARCHAR"},"completion_tokens_details":{"reasoning_tokens":"VARCHAR"}}}}') AS b
  FROM raw
)
SELECT file, md5(CAST(json AS VARCHAR)) AS line_digest, 'openai_agents' AS source,
  CASE WHEN coalesce(b.object = 'trace.span' OR (b.object = 'trace' AND b.workflow_name IS NOT NULL), false) THEN NULL ELSE 'no span of the Agents SDK' END AS doubt,
  -- tasks, turns and agents repeat the sum of their calls
  CASE WHEN b.object = 'trace' THEN 'facts of a trace' WHEN b.span_data.type IN ('generation', 'response') THEN NULL ELSE 'a span that is no call of a model' END AS skip,
  -- the answer's own id: whoever else logged this call knows it too
  coalesce(said(b.span_data.response_id), b.id) AS id,
  CASE WHEN b.object = 'trace' THEN b.id ELSE b.trace_id END AS trace, CASE WHEN b.object = 'trace.span' THEN b.id END AS span, b.parent_id AS parent,
  b.started_at AS started, b.ended_at AS ended,
  CASE WHEN b.error.message IS NOT NULL THEN 'error' ELSE 'success' END AS status, b.error.message AS error_message,
  CASE WHEN is_openai(model) THEN 'openai' END AS provider, model, 'responses' AS operation,
  CASE WHEN b.span_data.type = 'agent' THEN b.span_data.name END AS agent, b.workflow_name AS feature, b.group_id AS session, b.metadata AS facts,
  u.requests AS requests,
  coalesce(u.input_tokens, u.prompt_tokens) AS input, coalesce(u.output_tokens, u.completion_tokens) AS output, u.total_tokens AS total,
  coalesce(u.input_tokens_details.cached_tokens, u.prompt_tokens_details.cached_tokens) AS cache_read,
  coalesce(u.input_tokens_details.cache_write_tokens, u.prompt_tokens_details.cache_write_tokens) AS cache_write,
  coalesce(u.output_tokens_details.reasoning_tokens, u.completion_tokens_details.reasoning_tokens) AS reasoning,
  true AS input_includes_cache, CASE WHEN is_openai(model) THEN true END AS output_includes_reasoning,
  json -> '$.span_data.input' AS prompt
FROM (
  SELECT *, b.span_data.usage AS u,
    coalesce(said(b.span_data.model), json_extract_string(json, '$.span_data.response.model')) AS model
  FROM spans
)
