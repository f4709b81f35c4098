-- one row is one run of LangSmith: a call of a model, or a run above it, which only tells its calls who asked and repeats their sum
-- raw: json
WITH runs AS (
  SELECT file, json,
    from_json(json, '{"id":"VARCHAR","trace_id":"VARCHAR","parent_run_id":"VARCHAR","run_type":"VARCHAR","name":"VARCHAR","start_time":"VARCHAR","end_time":"VARCHAR","first_token_time":"VARCHAR",
      "status":"VARCHAR","error":"VARCHAR","tags":"JSON","session_name":"VARCHAR","prompt_tokens":"VARCHAR","completion_tokens":"VARCHAR","total_tokens":"VARCHAR","total_cost":"VARCHAR",
      "prompt_token_details":{"cache_read":"VARCHAR","cache_creation":"VARCHAR"},"completion_token_details":{"reasoning":"VARCHAR"}}') AS b,
    coalesce(json -> '$.extra.metadata', json -> '$.metadata') AS metadata,
    from_json(coalesce(object_at(json, '$.outputs.usage_metadata'), object_at(json, '$.outputs.generations[0][0].message.kwargs.usage_metadata'),
        object_at(json, '$.outputs.generations[0].message.kwargs.usage_metadata'), object_at(json, '$.outputs.message.usage_metadata'), object_at(json, '$.extra.metadata.usage_metadata')),
      '{"input_tokens":"VARCHAR","output_tokens":"VARCHAR","total_tokens":"VARCHAR",
        "input_token_details":{"cache_read":"VARCHAR","priority_cache_read":"VARCHAR","flex_cache_read":"VARCHAR","priority":"VARCHAR","flex":"VARCHAR","cache_creation":"VARCHAR",
          "ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR","audio":"VARCHAR"},
        "output_token_details":{"reasoning":"VARCHAR","priority_reasoning":"VARCHAR","flex_reasoning":"VARCHAR","audio":"VARCHAR"}}') AS u
  FROM raw
), named AS (
  SELECT *, u.input_token_details AS p, u.output_token_details AS c,
    from_json(metadata, '{"ls_provider":"VARCHAR","ls_model_name":"VARCHAR","ls_model_type":"VARCHAR","langgraph_node":"VARCHAR","thread_id":"VARCHAR","session_id":"VARCHAR",
      "conversation_id":"VARCHAR","user_id":"VARCHAR"}') AS m
  FROM runs
)
SELECT file, md5(CAST(json AS VARCHAR)) AS line_digest, 'langsmith' AS source,
  CASE WHEN b.run_type IS NULL THEN 'no run of LangSmith' END AS doubt,
  CASE WHEN b.run_type <> 'llm' THEN 'a run that is no call of a model' END AS skip,
  b.id AS id, b.trace_id AS trace, b.id AS span, b.parent_run_id AS parent,
  b.start_time AS started, b.end_time AS ended, b.first_token_time AS first_token,
  CASE WHEN b.status = 'error' OR nullif(b.error, '') IS NOT NULL THEN 'error' ELSE 'success' END AS status,
  -- such as RateLimitError("Error code: 429 ...")
  nullif(regexp_extract(b.error, '^([A-Za-z_.]+)[(:]', 1), '') AS error_class, b.error AS error_message,
  coalesce(json_extract_string(json, '$.outputs.generations[0][0].generation_info.finish_reason'),
    json_extract_string(json, '$.outputs.generations[0][0].message.kwargs.response_metadata.finish_reason')) AS finish_reason,
  m.ls_provider AS provider,
  coalesce(said(json_extract_string(json, '$.outputs.generations[0][0].message.kwargs.response_metadata.model_name')), said(m.ls_model_name),
    said(json_extract_string(json, '$.extra.invocation_params.model')), said(json_extract_string(json, '$.extra.invocation_params.model_name'))) AS model,
  coalesce(said(m.ls_model_name), said(json_extract_string(json, '$.extra.invocation_params.model'))) AS model_requested, 'chat' AS operation,
  CASE WHEN p.priority IS NOT NULL THEN 'priority' WHEN p.flex IS NOT NULL THEN 'flex' END AS service_tier,
  m.langgraph_node AS agent, coalesce(m.thread_id, m.session_id, m.conversation_id) AS session, m.user_id AS "user", b.session_name AS project,
  b.tags AS tag_list, metadata AS facts,
  coalesce(u.input_tokens, b.prompt_tokens) AS input, coalesce(u.output_tokens, b.completion_tokens) AS output, coalesce(u.total_tokens, b.total_tokens) AS total,
  coalesce(p.cache_read, p.priority_cache_read, p.flex_cache_read, b.prompt_token_details.cache_read) AS cache_read,
  coalesce(nullif(p.cache_creation, '0'), b.prompt_token_details.cache_creation) AS cache_write,
  p.ephemeral_5m_input_tokens AS cache_write_5m, p.ephemeral_1h_input_tokens AS cache_write_1h,
  p.audio AS audio_input, c.audio AS audio_output,
  coalesce(c.reasoning, c.priority_reasoning, c.flex_reasoning, b.completion_token_details.reasoning) AS reasoning,
  true AS input_includes_cache, true AS output_includes_reasoning,
  b.total_cost AS source_cost, CASE WHEN b.total_cost IS NOT NULL THEN 'list_estimate' END AS source_cost_kind,
  json -> '$.inputs' AS prompt
FROM named
