-- one row is one message of opencode, from its file or from the rows of its database
-- raw: id, sessionID, session_id, role, modelID, providerID, cost, agent, mode, data, tokens JSON, time JSON, path JSON, error JSON
SELECT file, 'opencode' AS source,
  CASE WHEN id IS NULL OR coalesce(sessionID, session_id, data) IS NULL OR coalesce(role, modelID, data) IS NULL THEN 'no message' END AS doubt,
  CASE WHEN coalesce(role, json_extract_string(d, '$.role')) = 'user' THEN 'a message of the user' WHEN tk IS NULL THEN 'a line without usage' END AS skip,
  id, json_extract_string(tm, '$.created') AS started, json_extract_string(tm, '$.completed') AS ended,
  CASE WHEN er IS NOT NULL THEN 'error' ELSE 'success' END AS status, json_extract_string(er, '$.name') AS error_class, json_extract_string(er, '$.data.statusCode') AS error_code, json_extract_string(er, '$.data.message') AS error_message,
  coalesce(providerID, json_extract_string(d, '$.providerID')) AS provider, coalesce(modelID, json_extract_string(d, '$.modelID')) AS model, 'chat' AS operation,
  coalesce(sessionID, session_id) AS session, coalesce(agent, mode, json_extract_string(d, '$.agent'), json_extract_string(d, '$.mode')) AS agent,
  nullif(regexp_extract(json_extract_string(coalesce(path, d -> '$.path'), '$.cwd'), '([^/\\]+)[/\\]*$', 1), '') AS feature,
  -- it has taken the cached part off already; its output is the SDK's, which holds the reasoning
  json_extract_string(tk, '$.input') AS input, json_extract_string(tk, '$.output') AS output, json_extract_string(tk, '$.reasoning') AS reasoning,
  json_extract_string(tk, '$.cache.read') AS cache_read, json_extract_string(tk, '$.cache.write') AS cache_write, json_extract_string(tk, '$.total') AS total,
  false AS input_includes_cache,
  coalesce(cost, json_extract_string(d, '$.cost')) AS source_cost, CASE WHEN coalesce(cost, json_extract_string(d, '$.cost')) IS NOT NULL THEN 'list_estimate' END AS source_cost_kind
FROM (
  SELECT *, coalesce(tokens, d -> '$.tokens') AS tk, coalesce(time, d -> '$.time') AS tm, coalesce(error, object_at(d, '$.error')) AS er
  FROM (SELECT *, TRY_CAST(data AS JSON) AS d FROM raw)
)
