-- one row is one line of a Claude Code transcript; an answer stands there once for each of its blocks, growing, and again in resumed and forked sessions
-- raw: type, timestamp, sessionId, requestId, uuid, isSidechain, agentId, cwd, gitBranch, version, costUSD, isApiErrorMessage, error, usageMetadata,
--   message STRUCT(id VARCHAR, model VARCHAR, stop_reason VARCHAR,
--     usage STRUCT(input_tokens VARCHAR, output_tokens VARCHAR, cache_read_input_tokens VARCHAR, cache_creation_input_tokens VARCHAR,
--       cache_creation STRUCT(ephemeral_5m_input_tokens VARCHAR, ephemeral_1h_input_tokens VARCHAR),
--       output_tokens_details STRUCT(thinking_tokens VARCHAR), server_tool_use STRUCT(web_search_requests VARCHAR),
--       service_tier VARCHAR, speed VARCHAR, inference_geo VARCHAR))
SELECT file, 'claude_code' AS source,
  CASE WHEN message.id IS NULL AND requestId IS NULL THEN md5(concat_ws('|', sessionId, uuid, timestamp, CAST(message.usage AS VARCHAR))) END AS line_digest,
  -- a line without session is a summary or a snapshot of files, by its type; with the type of others, or none, it is theirs
  CASE WHEN usageMetadata IS NOT NULL OR (message.usage IS NULL AND uuid IS NULL AND (type IS NULL OR (sessionId IS NULL
      AND regexp_full_match(type, 'message|error|session_meta|turn_context|event_msg|response_item|compacted|[A-Z]+|.*[.].*|.*-(create|update)')))) THEN 'no line of a transcript' END AS doubt,
  CASE WHEN message.usage IS NULL THEN 'a line without usage' WHEN message.model = '<synthetic>' AND coalesce(isApiErrorMessage, '') <> 'true' THEN 'an answer that Claude Code made up itself' END AS skip,
  coalesce(said(requestId), said(message.id)) AS id, said(message.id) AS alias, true AS snapshot,
  timestamp AS started,
  CASE WHEN isApiErrorMessage = 'true' THEN 'error' ELSE 'success' END AS status, CASE WHEN isApiErrorMessage = 'true' THEN coalesce(error, 'APIError') END AS error_class,
  message.stop_reason AS finish_reason, 'anthropic' AS provider, nullif(message.model, '<synthetic>') AS model, 'chat' AS operation,
  message.usage.service_tier AS service_tier, message.usage.speed AS speed, message.usage.inference_geo AS inference_geo,
  coalesce(said(agentId), CASE WHEN isSidechain = 'true' THEN 'subagent' END) AS agent,
  -- the last folder of the working directory, on any system
  nullif(regexp_extract(cwd, '([^/\\]+)[/\\]*$', 1), '') AS feature,
  sessionId AS session, CAST(json_object('git_branch', gitBranch, 'version', version) AS VARCHAR) AS facts,
  message.usage.input_tokens AS input, message.usage.output_tokens AS output,
  message.usage.cache_read_input_tokens AS cache_read, message.usage.cache_creation_input_tokens AS cache_write,
  message.usage.cache_creation.ephemeral_5m_input_tokens AS cache_write_5m, message.usage.cache_creation.ephemeral_1h_input_tokens AS cache_write_1h,
  message.usage.output_tokens_details.thinking_tokens AS reasoning, message.usage.server_tool_use.web_search_requests AS web_searches,
  false AS input_includes_cache, true AS output_includes_reasoning,
  costUSD AS source_cost, CASE WHEN costUSD IS NOT NULL THEN 'list_estimate' END AS source_cost_kind
FROM raw
