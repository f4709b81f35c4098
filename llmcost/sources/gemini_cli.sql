-- one row is one answer in a chat that Gemini CLI recorded: a session as one document, or line by line as it grows
-- raw: json
WITH listed AS (
  SELECT row_no, file, json, unnest(list_transform(
      CASE WHEN json_type(json, '$.messages') = 'ARRAY' AND json_array_length(json, '$.messages') > 0 THEN CAST(json -> '$.messages' AS JSON[]) ELSE [json] END,
      lambda m, i: {'m': m, 'n': i - 1})) AS x
  FROM raw
), told AS (
  SELECT row_no, file, nullif(x.n, 0) AS part, x.m AS j,
    -- in the growing form the session stands in a line of its own
    coalesce(json_extract_string(json, '$.sessionId'), last_value(coalesce(json_extract_string(json, '$.sessionId'), json_extract_string(json, '$."$set".sessionId')) IGNORE NULLS) OVER (
      PARTITION BY file ORDER BY row_no, x.n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), regexp_extract(file, '([^/\\]+)$', 1)) AS session,
    from_json(x.m, '{"id":"VARCHAR","timestamp":"VARCHAR","type":"VARCHAR","model":"VARCHAR",
      "tokens":{"input":"VARCHAR","output":"VARCHAR","cached":"VARCHAR","thoughts":"VARCHAR","tool":"VARCHAR","total":"VARCHAR"}}') AS m
  FROM listed
)
SELECT row_no, file, part, 'gemini_cli' AS source, md5(CAST(j AS VARCHAR)) AS line_digest,
  CASE WHEN m.tokens IS NULL AND NOT coalesce((json_exists(j, '$.sessionId') AND json_exists(j, '$.projectHash')) OR json_exists(j, '$."$set"') OR json_exists(j, '$."$rewindTo"')
      OR (m.id IS NOT NULL AND m.timestamp IS NOT NULL AND m.type IS NOT NULL AND NOT json_exists(j, '$.sessionId')), false) THEN 'no line of a chat' END AS doubt,
  -- what was rewound was billed all the same
  CASE WHEN m.tokens IS NULL THEN 'a line without usage' END AS skip,
  session || ':' || m.id AS id, m.timestamp AS started, 'google' AS provider, m.model AS model, 'generate_content' AS operation, session,
  m.tokens.input AS input, m.tokens.output AS output, m.tokens.cached AS cache_read, m.tokens.thoughts AS reasoning, m.tokens.tool AS tool_use, m.tokens.total AS total,
  true AS input_includes_cache, false AS output_includes_reasoning
FROM told
