-- one row is one line of a Qwen Code transcript: the envelope of Claude Code around usage as Gemini counts it
-- raw: type, timestamp, sessionId, uuid, cwd, gitBranch, version, model,
--   usageMetadata STRUCT(promptTokenCount VARCHAR, cachedContentTokenCount VARCHAR, candidatesTokenCount VARCHAR, thoughtsTokenCount VARCHAR, toolUsePromptTokenCount VARCHAR, totalTokenCount VARCHAR),
--   message STRUCT(model VARCHAR, usage VARCHAR)
SELECT file, 'qwen_code' AS source,
  CASE WHEN sessionId IS NULL OR uuid IS NULL OR message.usage IS NOT NULL THEN 'no line of a transcript' END AS doubt,
  CASE WHEN usageMetadata IS NULL THEN 'a line without usage' END AS skip,
  sessionId || ':' || uuid AS id, timestamp AS started, coalesce(model, message.model) AS model, 'chat' AS operation,
  CASE WHEN contains(lower(coalesce(model, message.model)), 'qwen') THEN 'alibaba' END AS provider,
  nullif(regexp_extract(cwd, '([^/\\]+)[/\\]*$', 1), '') AS feature, sessionId AS session, CAST(json_object('git_branch', gitBranch, 'version', version) AS VARCHAR) AS facts,
  usageMetadata.promptTokenCount AS input, usageMetadata.candidatesTokenCount AS output, usageMetadata.cachedContentTokenCount AS cache_read,
  usageMetadata.thoughtsTokenCount AS reasoning, usageMetadata.toolUsePromptTokenCount AS tool_use, usageMetadata.totalTokenCount AS total,
  true AS input_includes_cache
FROM raw
