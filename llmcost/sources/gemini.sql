-- one row is one answer of Gemini (generateContent, embeddings; Google AI or Vertex; camelCase or snake_case; bare, wrapped, or a line of a batch) or one error of Google
-- raw: json
WITH bodies AS (
  SELECT *,
    from_json(body, '{"responseId":"VARCHAR","response_id":"VARCHAR","modelVersion":"VARCHAR","model_version":"VARCHAR","createTime":"VARCHAR","create_time":"VARCHAR",
      "candidates":[{"finishReason":"VARCHAR","finish_reason":"VARCHAR",
        "groundingMetadata":{"webSearchQueries":["VARCHAR"]},"grounding_metadata":{"web_search_queries":["VARCHAR"]}}],
      "promptFeedback":{"blockReason":"VARCHAR"},"prompt_feedback":{"block_reason":"VARCHAR"},
      "predictions":[{"embeddings":{"statistics":{"token_count":"VARCHAR"}}}],
      "error":{"code":"VARCHAR","status":"VARCHAR","message":"VARCHAR"}}') AS b,
    from_json(snake(coalesce(body -> '$.usageMetadata', body -> '$.usage_metadata')), '{"prompt_token_count":"VARCHAR","cached_content_token_count":"VARCHAR",
      "candidates_token_count":"VARCHAR","response_token_count":"VARCHAR","thoughts_token_count":"VARCHAR","tool_use_prompt_token_count":"VARCHAR","total_token_count":"VARCHAR",
      "traffic_type":"VARCHAR","service_tier":"VARCHAR",
      "prompt_tokens_details":[{"modality":"VARCHAR","token_count":"VARCHAR","tokens":"VARCHAR"}],
      "cache_tokens_details":[{"modality":"VARCHAR","token_count":"VARCHAR","tokens":"VARCHAR"}],
      "candidates_tokens_details":[{"modality":"VARCHAR","token_count":"VARCHAR","tokens":"VARCHAR"}],
      "response_tokens_details":[{"modality":"VARCHAR","token_count":"VARCHAR","tokens":"VARCHAR"}]}') AS u,
    json_exists(body, '$.embedding.values') OR json_exists(body, '$.embeddings[0].values') OR json_exists(body, '$.predictions[0].embeddings') AS is_embedding,
    -- batches of the Gemini API know a line by the key that the user gave it, those of Vertex note when they processed it
    json_exists(json, '$.processed_time') OR (json_exists(json, '$.key') AND list_has_all(['key', 'response', 'error', 'status'], json_keys(json))) AS is_batch
  FROM enveloped
), counted AS (
  SELECT *,
    -- zeros are left out
    coalesce(u.candidates_token_count, u.response_token_count, CASE WHEN u.prompt_token_count IS NOT NULL THEN '0' END) AS answered,
    coalesce(b.candidates[1].finishReason, b.candidates[1].finish_reason) AS stopped,
    list_sum(list_transform(b.candidates, lambda c: len(coalesce(c.groundingMetadata.webSearchQueries, c.grounding_metadata.web_search_queries)))) AS searches
  FROM bodies
)
SELECT file, md5(CAST(json AS VARCHAR)) AS line_digest, 'gemini' AS source,
  CASE WHEN coalesce(u IS NOT NULL OR json_exists(body, '$.candidates[0].content') OR b.promptFeedback IS NOT NULL OR b.prompt_feedback IS NOT NULL OR is_embedding OR b.error.status IS NOT NULL
         OR (is_batch AND b.error.code IS NOT NULL), false)
       THEN NULL ELSE 'no answer of Gemini' END AS doubt,
  CASE WHEN starts_with(json_extract_string(body, '$.name'), 'cachedContents/') OR contains(json_extract_string(body, '$.name'), '/cachedContents/') THEN 'a cache that was made, no call of a model' END AS skip,
  coalesce(said(b.responseId), said(b.response_id), said(o.request_id), said(o.id)) AS id,
  coalesce(b.createTime, b.create_time, outer_time(o), CASE WHEN is_batch THEN json_extract_string(json, '$.processed_time') END) AS started, outer_end(o) AS ended,
  coalesce(o.latency_ms, o.duration_ms) AS latency_ms,
  CASE WHEN b.error IS NOT NULL OR http_status >= '400' THEN 'error' ELSE 'success' END AS status,
  b.error.status AS error_class, coalesce(b.error.code, CASE WHEN http_status >= '400' THEN http_status END) AS error_code, b.error.message AS error_message,
  coalesce('blocked: ' || coalesce(b.promptFeedback.blockReason, b.prompt_feedback.block_reason), 
    -- by the numbers of the protocol, as far as both interfaces of Google agree on them
    ['STOP', 'MAX_TOKENS', 'SAFETY', 'RECITATION', 'OTHER'][TRY_CAST(stopped AS INTEGER)], stopped) AS finish_reason,
  coalesce(said(o.provider), 'google') AS provider,
  google_model(coalesce(b.modelVersion, b.model_version, q.model, o.model)) AS model, google_model(q.model) AS model_requested,
  CASE WHEN is_embedding THEN 'embeddings' ELSE 'chat' END AS operation,
  CASE WHEN is_batch THEN 'batch'
       WHEN u.traffic_type IN ('provisioned_throughput', '2') THEN 'provisioned'
       ELSE coalesce(nullif(regexp_extract(u.traffic_type, '^on_demand_(.+)$', 1), ''), u.service_tier) END AS service_tier,
  o.region AS region, outer_user(o) AS "user",
  o.agent AS agent, o.feature AS feature, o.team AS team, o.plan AS plan, CASE WHEN NOT is_batch THEN o.key END AS key, o.project AS project, o.environment AS environment, o.task AS task,
  coalesce(o.session, o.session_id) AS session, coalesce(o.trace, o.trace_id) AS trace, coalesce(o.turn, o.turn_id) AS turn,
  json_extract(request, '$.labels') AS facts, coalesce(o.metadata, o.tags) AS more_facts,
  coalesce(u.prompt_token_count, CAST(list_sum(list_transform(b.predictions, lambda p: whole(p.embeddings.statistics.token_count))) AS VARCHAR)) AS input,
  answered AS output, u.cached_content_token_count AS cache_read, u.thoughts_token_count AS reasoning,
  -- what a search found and put before the model is not billed: the search is
  CASE WHEN coalesce(searches, 0) = 0 THEN u.tool_use_prompt_token_count END AS tool_use,
  CASE WHEN searches > 0 THEN CAST(whole(u.total_token_count) - coalesce(whole(u.tool_use_prompt_token_count), 0) AS VARCHAR) ELSE u.total_token_count END AS total,
  CAST(tokens_of(u.prompt_tokens_details, u.prompt_token_count, 'audio') AS VARCHAR) AS audio_input,
  CAST(tokens_of(u.cache_tokens_details, u.cached_content_token_count, 'audio') AS VARCHAR) AS audio_cache_read,
  CAST(tokens_of(u.prompt_tokens_details, u.prompt_token_count, 'image') AS VARCHAR) AS image_input,
  CAST(tokens_of(u.cache_tokens_details, u.cached_content_token_count, 'image') AS VARCHAR) AS image_cache_read,
  CAST(tokens_of(u.prompt_tokens_details, u.prompt_token_count, 'video') - coalesce(tokens_of(u.cache_tokens_details, u.cached_content_token_count, 'video'), 0) AS VARCHAR) AS video_input,
  CAST(tokens_of(coalesce(u.candidates_tokens_details, u.response_tokens_details), answered, 'audio') AS VARCHAR) AS audio_output,
  CAST(tokens_of(coalesce(u.candidates_tokens_details, u.response_tokens_details), answered, 'image') AS VARCHAR) AS image_output,
  true AS input_includes_cache, false AS output_includes_reasoning,
  units_of([{'k': 'web_search', 'v': CAST(searches AS VARCHAR)}]) AS units,
  json_extract(request, '$.contents') AS prompt
FROM counted
