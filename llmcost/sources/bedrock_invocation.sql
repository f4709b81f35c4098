-- one row is one invocation in the log that Bedrock writes to S3 or CloudWatch
-- raw: json
WITH logged AS (
  -- CloudWatch wraps each record, as an object or as text
  SELECT file, json, CASE WHEN json_exists(json, '$.schemaType') THEN json
      ELSE coalesce(object_at(json, '$."@message"'), object_at(json, '$.message'), opened(json_extract_string(json, '$."@message"')), opened(json_extract_string(json, '$.message'))) END AS j
  FROM raw
), parsed AS (
  SELECT *, from_json(j, '{"schemaType":"VARCHAR","timestamp":"VARCHAR","accountId":"VARCHAR","identity":{"arn":"VARCHAR"},"region":"VARCHAR","inferenceRegion":"VARCHAR",
      "requestId":"VARCHAR","operation":"VARCHAR","modelId":"VARCHAR","requestMetadata":"JSON","errorCode":"VARCHAR",
      "input":{"inputTokenCount":"VARCHAR","cacheReadInputTokenCount":"VARCHAR","cacheWriteInputTokenCount":"VARCHAR"},"output":{"outputTokenCount":"VARCHAR"}}') AS b,
    j -> '$.input.inputBodyJson' AS request, j -> '$.output.outputBodyJson' AS answer
  FROM logged
), answered AS (
  -- of a stream the answer is the list of its events
  SELECT *,
    from_json(coalesce(answer -> '$.usage', json_extract(answer, '$[*].metadata.usage')[1], json_extract(answer, '$[*].message.usage')[1]), '{"inputTokens":"VARCHAR","outputTokens":"VARCHAR",
      "cacheReadInputTokens":"VARCHAR","cacheReadInputTokenCount":"VARCHAR","cacheWriteInputTokens":"VARCHAR","cacheWriteInputTokenCount":"VARCHAR","cacheDetails":[{"ttl":"VARCHAR","inputTokens":"VARCHAR"}],
      "cache_creation":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"}}') AS u
  FROM parsed
)
SELECT file, md5(CAST(json AS VARCHAR)) AS line_digest, 'bedrock_invocation' AS source,
  CASE WHEN b.schemaType IS DISTINCT FROM 'ModelInvocationLog' THEN 'no invocation of Bedrock' END AS doubt,
  b.requestId AS id, b.timestamp AS started,
  coalesce(json_extract_string(answer, '$.metrics.latencyMs'), json_extract_string(answer, '$[*].metadata.metrics.latencyMs')[1]) AS latency_ms,
  CASE WHEN b.errorCode IS NOT NULL THEN 'error' ELSE 'success' END AS status, b.errorCode AS error_class,
  coalesce(json_extract_string(answer, '$.stopReason'), json_extract_string(answer, '$.stop_reason'), json_extract_string(answer, '$[*].messageStop.stopReason')[1],
    json_extract_string(answer, '$[*].delta.stop_reason')[1]) AS finish_reason,
  'bedrock' AS provider, bedrock_model(b.modelId) AS model, CASE WHEN contains(b.modelId, 'embed') THEN 'embeddings' ELSE 'chat' END AS operation,
  coalesce(json_extract_string(answer, '$.serviceTier.type'), json_extract_string(answer, '$[*].metadata.serviceTier.type')[1]) AS service_tier,
  nullif(coalesce(json_extract_string(answer, '$.performanceConfig.latency'), json_extract_string(answer, '$[*].metadata.performanceConfig.latency')[1]), 'standard') AS speed,
  coalesce(b.inferenceRegion, b.region) AS region, b.identity.arn AS key, b.accountId AS project, b.requestMetadata AS facts,
  coalesce(b.input.inputTokenCount, u.inputTokens) AS input, coalesce(b.output.outputTokenCount, u.outputTokens) AS output,
  coalesce(b.input.cacheReadInputTokenCount, u.cacheReadInputTokens, u.cacheReadInputTokenCount) AS cache_read,
  coalesce(b.input.cacheWriteInputTokenCount, u.cacheWriteInputTokens, u.cacheWriteInputTokenCount) AS cache_write,
  coalesce(written_for(u.cacheDetails, '5m'), u.cache_creation.ephemeral_5m_input_tokens) AS cache_write_5m,
  coalesce(written_for(u.cacheDetails, '1h'), u.cache_creation.ephemeral_1h_input_tokens) AS cache_write_1h,
  false AS input_includes_cache, true AS output_includes_reasoning,
  coalesce(request -> '$.messages', request -> '$.prompt', request -> '$.inputText') AS prompt
FROM answered
