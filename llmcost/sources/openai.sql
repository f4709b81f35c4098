-- one row is one OpenAI response object: chat completion, text completion, embedding list, Responses API, images or transcription; bare or wrapped
-- raw: json
SELECT file, md5(CAST(json AS VARCHAR)) AS line_digest,
  CASE WHEN b.object = 'response' OR starts_with(b.id, 'resp_') THEN 'openai_responses'
       WHEN b.object = 'list' THEN 'openai_embeddings' WHEN is_transcription THEN 'openai_transcription' WHEN is_image THEN 'openai_images' ELSE 'openai_chat' END AS source,
  CASE WHEN o.call_type IS NULL AND coalesce(b.object IN ('chat.completion', 'chat.completion.chunk', 'text_completion', 'response')
         OR is_transcription OR is_image OR b.usage.prompt_tokens IS NOT NULL OR (b.usage.input_tokens IS NOT NULL AND b.type IS NULL AND NOT json_exists(body, '$.usage.cache_read_input_tokens') AND NOT json_exists(body, '$.usage.cache_creation_input_tokens'))
         OR (coalesce(b.error.code, b.error.message) IS NOT NULL AND b.type IS NULL), false)
       THEN NULL ELSE 'no OpenAI response' END AS doubt,
  coalesce(said(b.id), said(o.request_id), said(o.id)) AS id,
  coalesce(b.created, b.created_at, outer_time(o)) AS started, coalesce(b.completed_at, outer_end(o)) AS ended,
  coalesce(o.latency_ms, o.duration_ms) AS latency_ms,
  CASE WHEN b.status = 'cancelled' THEN b.status WHEN b.error.message IS NOT NULL OR b.error.code IS NOT NULL OR b.status = 'failed' OR http_status >= '400' THEN 'error'
       ELSE 'success' END AS status,
  b.error.type AS error_class, coalesce(b.error.code, CASE WHEN http_status >= '400' THEN http_status END) AS error_code, b.error.message AS error_message,
  coalesce(b.choices[1].finish_reason, b.incomplete_details.reason) AS finish_reason,
  -- other vendors answer in the same shape; who bills is theirs to say, or follows from the model
  coalesce(CASE WHEN body <> json OR b.object IS NULL THEN said(o.provider) END, CASE WHEN (b.provider IS NULL OR b.object IS NULL) AND is_openai(coalesce(b.model, q.model)) THEN 'openai' END) AS provider,
  coalesce(b.model, q.model, o.model) AS model, q.model AS model_requested,
  CASE b.object WHEN 'response' THEN 'responses' WHEN 'list' THEN 'embeddings' WHEN 'text_completion' THEN 'completion' ELSE CASE WHEN is_transcription THEN 'transcription' WHEN is_image THEN 'image_generation' ELSE 'chat' END END AS operation,
  -- a line of a batch's output bills the batch price, whatever tier its body names
  CASE WHEN o.custom_id IS NOT NULL AND http_status IS NOT NULL THEN 'batch' ELSE coalesce(b.service_tier, nullif(q.service_tier, 'auto')) END AS service_tier, o.region AS region,
  coalesce(outer_user(o), said(b.safety_identifier), said(b.user), said(q.safety_identifier), said(q.user)) AS "user",
  o.agent AS agent, o.feature AS feature, o.team AS team, o.plan AS plan, o.key AS key, o.project AS project, o.environment AS environment, o.task AS task,
  coalesce(o.session, o.session_id, b.conversation.id) AS session, coalesce(o.trace, o.trace_id) AS trace, coalesce(o.turn, o.turn_id) AS turn,
  coalesce(b.metadata, q.metadata) AS facts, coalesce(o.metadata, o.tags) AS more_facts,
  coalesce(b.usage.prompt_tokens, b.usage.input_tokens, CASE WHEN b.usage.type = 'duration' THEN '0' END) AS input,
  coalesce(b.usage.completion_tokens, b.usage.output_tokens, CASE WHEN b.usage.type = 'duration' THEN '0' END) AS output,
  b.usage.total_tokens AS total,
  coalesce(p.cached_tokens, b.usage.prompt_cache_hit_tokens) AS cache_read, p.cache_write_tokens AS cache_write,
  p.audio_tokens AS audio_input, p.cached_audio_tokens AS audio_cache_read, p.image_tokens AS image_input,
  c.reasoning_tokens AS reasoning, c.audio_tokens AS audio_output, coalesce(c.image_tokens, CASE WHEN is_image THEN b.usage.output_tokens END) AS image_output, c.rejected_prediction_tokens AS rejected_prediction,
  true AS input_includes_cache,
  -- an OpenAI-compatible endpoint of another vendor may count reasoning beside the completion: there its own total decides
  CASE WHEN b.object = 'response' OR b.usage.input_tokens IS NOT NULL OR is_openai(coalesce(b.model, o.model)) THEN true END AS output_includes_reasoning,
  -- each such item is one call of a tool that is billed apart; xAI counts them itself, and the sources that its live search used
  units_of([{'k': 'web_search', 'v': coalesce(t.web_search_calls, CAST(items['web_search_call'] AS VARCHAR))}, {'k': 'x_search', 'v': coalesce(t.x_search_calls, CAST(items['x_search_call'] AS VARCHAR))},
    {'k': 'file_search', 'v': coalesce(t.file_search_calls, t.document_search_calls, CAST(items['file_search_call'] AS VARCHAR))},
    {'k': 'code_interpreter', 'v': coalesce(t.code_interpreter_calls, CAST(items['code_interpreter_call'] AS VARCHAR))},
    {'k': 'image_generation', 'v': CAST(items['image_generation_call'] AS VARCHAR)}, {'k': 'search_source', 'v': b.usage.num_sources_used},
    {'k': 'seconds', 'v': CASE WHEN b.usage.type = 'duration' THEN b.usage.seconds END}]) AS units,
  coalesce(charged, b.usage.cost_in_usd_ticks, outer_cost(o)) AS source_cost, CASE WHEN charged IS NULL AND b.usage.cost_in_usd_ticks IS NOT NULL THEN 'ticks' END AS source_cost_unit,
  CASE WHEN coalesce(charged, b.usage.cost_in_usd_ticks) IS NOT NULL THEN 'charged' WHEN outer_cost(o) IS NOT NULL THEN 'recorded' END AS source_cost_kind,
  coalesce(q.messages, q.input) AS prompt
FROM (
  SELECT *, coalesce(b.usage.prompt_tokens_details, b.usage.input_tokens_details, b.usage.input_token_details) AS p,
    coalesce(b.usage.completion_tokens_details, b.usage.output_tokens_details) AS c, b.usage.server_side_tool_usage_details AS t,
    list_aggregate(list_transform(b.output, lambda x: x.type), 'histogram') AS items,
    b.usage.type IN ('tokens', 'duration') AS is_transcription,
    -- Perplexity lists the parts of the cost, OpenRouter says it in one number
    CASE WHEN starts_with(b.usage.cost, '{') THEN json_extract_string(b.usage.cost, '$.total_cost') ELSE b.usage.cost END AS charged,
    b.object IS NULL AND b.usage.input_tokens IS NOT NULL AND b.created IS NOT NULL AND json_type(body, '$.data') = 'ARRAY' AS is_image
  FROM (
    SELECT *, from_json(body, '{"id":"VARCHAR","object":"VARCHAR","type":"VARCHAR","created":"VARCHAR","created_at":"VARCHAR","completed_at":"VARCHAR","model":"VARCHAR",
      "status":"VARCHAR","service_tier":"VARCHAR","provider":"VARCHAR","safety_identifier":"VARCHAR","user":"VARCHAR",
      "error":{"code":"VARCHAR","type":"VARCHAR","message":"VARCHAR"},"incomplete_details":{"reason":"VARCHAR"},"conversation":{"id":"VARCHAR"},
      "choices":[{"finish_reason":"VARCHAR"}],"output":[{"type":"VARCHAR"}],"metadata":"JSON",
      "usage":{"prompt_tokens":"VARCHAR","input_tokens":"VARCHAR","completion_tokens":"VARCHAR","output_tokens":"VARCHAR","total_tokens":"VARCHAR",
        "prompt_cache_hit_tokens":"VARCHAR","cost":"VARCHAR","cost_in_usd_ticks":"VARCHAR","num_sources_used":"VARCHAR","type":"VARCHAR","seconds":"VARCHAR",
        "server_side_tool_usage_details":{"web_search_calls":"VARCHAR","x_search_calls":"VARCHAR","file_search_calls":"VARCHAR","document_search_calls":"VARCHAR","code_interpreter_calls":"VARCHAR"},
        "prompt_tokens_details":{"cached_tokens":"VARCHAR","cache_write_tokens":"VARCHAR","audio_tokens":"VARCHAR","cached_audio_tokens":"VARCHAR","image_tokens":"VARCHAR"},
        "input_tokens_details":{"cached_tokens":"VARCHAR","cache_write_tokens":"VARCHAR","audio_tokens":"VARCHAR","cached_audio_tokens":"VARCHAR","image_tokens":"VARCHAR"},
        "input_token_details":{"cached_tokens":"VARCHAR","cache_write_tokens":"VARCHAR","audio_tokens":"VARCHAR","cached_audio_tokens":"VARCHAR","image_tokens":"VARCHAR"},
        "completion_tokens_details":{"reasoning_tokens":"VARCHAR","audio_tokens":"VARCHAR","image_tokens":"VARCHAR","rejected_prediction_tokens":"VARCHAR"},
        "output_tokens_details":{"reasoning_tokens":"VARCHAR","audio_tokens":"VARCHAR","image_tokens":"VARCHAR","rejected_prediction_tokens":"VARCHAR"}}}') AS b
    FROM enveloped
  )
)
