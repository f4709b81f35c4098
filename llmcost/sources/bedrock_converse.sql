-- one row is one answer of Bedrock's runtime (Converse, InvokeModel): bare, wrapped, as a recorded HTTP exchange, or as a line of a batch
-- raw: json
WITH exchanges AS (
  SELECT file, json, o, q,
    starts_with(json_extract_string(json, '$.path'), '/model/') AS is_recorded, json_exists(json, '$.recordId') AS is_batch,
    from_json(json -> '$.rawHeaders', '["VARCHAR"]') AS headers, body, request, http_status
  FROM enveloped
), opened_up AS (
  SELECT * EXCLUDE (body, request),
    -- a recorded stream is a text of bytes: nothing of it can be read
    CASE WHEN is_recorded THEN object_at(json, '$.response') WHEN is_batch THEN object_at(json, '$.modelOutput') ELSE body END AS body,
    CASE WHEN is_recorded THEN json -> '$.body' WHEN is_batch THEN json -> '$.modelInput' ELSE request END AS request,
    -- names and values stand in turn
    map_from_entries(list_distinct(list_transform(list_filter(coalesce(headers, []), lambda h, i: i % 2 = 1), lambda h, i: {'k': lower(h), 'v': headers[2 * i]}))) AS header
  FROM exchanges
), parsed AS (
  SELECT *, from_json(body, '{"id":"VARCHAR","model":"VARCHAR","message":"VARCHAR","stopReason":"VARCHAR","stop_reason":"VARCHAR","output":"JSON","metrics":{"latencyMs":"VARCHAR"},
      "serviceTier":{"type":"VARCHAR"},"performanceConfig":{"latency":"VARCHAR"},"ResponseMetadata":{"RequestId":"VARCHAR","HTTPHeaders":{"date":"VARCHAR"}},
      "inputTextTokenCount":"VARCHAR","results":[{"tokenCount":"VARCHAR","completionReason":"VARCHAR"}],"prompt_token_count":"VARCHAR","generation_token_count":"VARCHAR",
      "usage":{"inputTokens":"VARCHAR","outputTokens":"VARCHAR","totalTokens":"VARCHAR","cacheReadInputTokens":"VARCHAR","cacheReadInputTokenCount":"VARCHAR",
        "cacheWriteInputTokens":"VARCHAR","cacheWriteInputTokenCount":"VARCHAR","cacheDetails":[{"ttl":"VARCHAR","inputTokens":"VARCHAR"}],
        "input_tokens":"VARCHAR","output_tokens":"VARCHAR","cache_read_input_tokens":"VARCHAR","cache_creation_input_tokens":"VARCHAR",
        "cache_creation":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"},"prompt_tokens":"VARCHAR","completion_tokens":"VARCHAR"}}') AS b,
    from_json(CASE WHEN is_batch THEN object_at(json, '$.error') END, '{"errorCode":"VARCHAR","errorMessage":"VARCHAR"}') AS e
  FROM opened_up
)
SELECT file, md5(CAST(json AS VARCHAR)) AS line_digest, CASE WHEN is_batch THEN 'bedrock_batch' ELSE 'bedrock_converse' END AS source,
  CASE WHEN coalesce(is_recorded OR is_batch OR b.usage.inputTokens IS NOT NULL OR b.inputTextTokenCount IS NOT NULL OR b.generation_token_count IS NOT NULL, false)
       THEN NULL ELSE 'no answer of Bedrock' END AS doubt,
  coalesce(said(b.id), said(b.ResponseMetadata.RequestId), header['x-amzn-requestid'], said(o.request_id), said(o.id)) AS id,
  coalesce(outer_time(o), http_date(coalesce(b.ResponseMetadata.HTTPHeaders.date, header['date']))) AS started, outer_end(o) AS ended,
  coalesce(o.latency_ms, o.duration_ms, b.metrics.latencyMs, header['x-amzn-bedrock-invocation-latency']) AS latency_ms,
  CASE WHEN http_status >= '400' OR (is_batch AND body IS NULL) THEN 'error' ELSE 'success' END AS status,
  coalesce(split_part(header['x-amzn-errortype'], ':', 1), e.errorCode) AS error_class, http_status AS error_code, coalesce(e.errorMessage, CASE WHEN http_status >= '400' THEN b.message END) AS error_message,
  coalesce(b.stopReason, b.stop_reason, b.results[1].completionReason) AS finish_reason,
  coalesce(CASE WHEN NOT is_recorded THEN said(o.provider) END, 'bedrock') AS provider,
  bedrock_model(coalesce(CASE WHEN is_recorded THEN url_decode(regexp_extract(json_extract_string(json, '$.path'), '^/model/([^/]+)/', 1)) END,
    json_extract_string(request, '$.modelId'), json_extract_string(json, '$.modelId'), o.model, b.model)) AS model,
  CASE WHEN json_exists(body, '$.embedding') OR json_exists(body, '$.embeddings') THEN 'embeddings' ELSE 'chat' END AS operation,
  CASE WHEN is_batch THEN 'batch' ELSE b.serviceTier.type END AS service_tier, nullif(b.performanceConfig.latency, 'standard') AS speed,
  coalesce(o.region, nullif(regexp_extract(json_extract_string(json, '$.scope'), 'bedrock-runtime[.]([a-z0-9-]+)[.]', 1), '')) AS region,
  outer_user(o) AS "user", o.agent AS agent, o.feature AS feature, o.team AS team, o.plan AS plan, o.key AS key, o.project AS project, o.environment AS environment, o.task AS task,
  coalesce(o.session, o.session_id) AS session, coalesce(o.trace, o.trace_id) AS trace, coalesce(o.turn, o.turn_id) AS turn,
  request -> '$.requestMetadata' AS facts, coalesce(o.metadata, o.tags) AS more_facts,
  coalesce(b.usage.inputTokens, b.usage.input_tokens, b.usage.prompt_tokens, b.inputTextTokenCount, b.prompt_token_count, header['x-amzn-bedrock-input-token-count']) AS input,
  coalesce(b.usage.outputTokens, b.usage.output_tokens, b.usage.completion_tokens, CAST(list_sum(list_transform(b.results, lambda x: whole(x.tokenCount))) AS VARCHAR), b.generation_token_count,
    header['x-amzn-bedrock-output-token-count']) AS output,
  b.usage.totalTokens AS total,
  coalesce(b.usage.cacheReadInputTokens, b.usage.cacheReadInputTokenCount, b.usage.cache_read_input_tokens, header['x-amzn-bedrock-cache-read-input-token-count']) AS cache_read,
  coalesce(b.usage.cacheWriteInputTokens, b.usage.cacheWriteInputTokenCount, b.usage.cache_creation_input_tokens, header['x-amzn-bedrock-cache-write-input-token-count']) AS cache_write,
  coalesce(written_for(b.usage.cacheDetails, '5m'), b.usage.cache_creation.ephemeral_5m_input_tokens) AS cache_write_5m,
  coalesce(written_for(b.usage.cacheDetails, '1h'), b.usage.cache_creation.ephemeral_1h_input_tokens) AS cache_write_1h,
  false AS input_includes_cache, true AS output_includes_reasoning,
  coalesce(request -> '$.messages', request -> '$.prompt', request -> '$.inputText') AS prompt
FROM parsed
