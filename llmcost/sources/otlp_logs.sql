-- one row is one event of a coding agent, from OpenTelemetry logs (many a line): an answer or an error of the API, or something else
-- raw: json
WITH batches AS (
  SELECT file, json, flatten(list_transform(
      from_json(coalesce(json -> '$.resourceLogs', json -> '$.resource_logs'), '[{"resource":{"attributes":"JSON"},
        "scopeLogs":[{"logRecords":["JSON"],"log_records":["JSON"]}],"scope_logs":[{"logRecords":["JSON"],"log_records":["JSON"]}]}]'),
      lambda r: list_transform(flatten(list_transform(coalesce(r.scopeLogs, r.scope_logs, []), lambda s: coalesce(s.logRecords, s.log_records, []))),
        lambda e: {'resource': r.resource.attributes, 'event': e}))) AS listed
  FROM raw
), single AS (
  SELECT file, unnest(list_transform(CASE WHEN len(listed) > 0 THEN listed ELSE [{'resource': NULL::JSON, 'event': NULL::JSON}] END, lambda x, i: {'x': x, 'n': i - 1})) AS one,
    NOT coalesce(json_exists(json, '$.resourceLogs') OR json_exists(json, '$.resource_logs'), false) AS is_none
  FROM batches
), mapped AS (
  SELECT file, is_none, nullif(one.n, 0) AS part, CAST(one.x.event AS VARCHAR) AS text, attribute_map(one.x.event -> '$.attributes') AS m, attribute_map(one.x.resource) AS r,
    coalesce(json_extract_string(one.x.event, '$.timeUnixNano'), json_extract_string(one.x.event, '$.time_unix_nano'), json_extract_string(one.x.event, '$.observedTimeUnixNano')) AS nanos,
    coalesce(m['event.name'], json_extract_string(one.x.event, '$.eventName')) AS event, attribute_value(one.x.event -> '$.body') AS body
  FROM single
), named AS (
  -- the agent and the event: "claude_code.api_request" may stand in the body, with the second word alone as name
  SELECT *, replace(CASE WHEN contains(event, '.') THEN event WHEN regexp_full_match(body, '[a-z_-]+\.[a-z_.]+') THEN body ELSE concat_ws('.', r['service.name'], event) END, '-', '_') AS name,
    coalesce(said(m['session.id']), said(m['conversation.id']), said(r['session.id'])) AS session, coalesce(m['event.timestamp'], nullif(nanos, '0')) AS started,
    coalesce(m['input_tokens'], m['input_token_count']) AS input, coalesce(m['output_tokens'], m['output_token_count']) AS output
  FROM mapped
), told AS (
  SELECT *, split_part(name, '.', 1) AS sender,
    name IN ('claude_code.api_error', 'gemini_cli.api_error', 'qwen_code.api_error') AS is_error,
    name IN ('claude_code.api_request', 'gemini_cli.api_response', 'qwen_code.api_response') OR (name = 'codex.sse_event' AND m['event.kind'] = 'response.completed') AS is_answer
  FROM named
)
SELECT file, part, 'otlp_logs' AS source, md5(text) AS line_digest,
  CASE WHEN is_none THEN 'no batch of logs' END AS doubt,
  CASE WHEN NOT coalesce(is_error OR is_answer, false) THEN 'an event that is no call' END AS skip,
  -- only Claude Code numbers its events; elsewhere two calls of a session are told apart by their time and their counts
  session || ':' || coalesce(m['event.sequence'], concat_ws('/', started, m['model'], input, output)) AS id,
  started, m['duration_ms'] AS latency_ms,
  CASE WHEN is_error THEN 'error' ELSE 'success' END AS status,
  CASE WHEN is_error THEN m['error_type'] END AS error_class, CASE WHEN is_error THEN m['status_code'] END AS error_code, CASE WHEN is_error THEN coalesce(m['error'], m['error_message']) END AS error_message,
  CASE sender WHEN 'claude_code' THEN 'anthropic' WHEN 'codex' THEN 'openai' WHEN 'gemini_cli' THEN 'google' ELSE CASE WHEN contains(lower(m['model']), 'qwen') THEN 'alibaba' END END AS provider,
  m['model'] AS model, CASE sender WHEN 'codex' THEN 'responses' WHEN 'gemini_cli' THEN 'generate_content' ELSE 'chat' END AS operation, m['speed'] AS speed,
  coalesce(said(m['user.email']), said(m['user.account_uuid']), said(m['user.account_id']), said(m['user.id'])) AS "user",
  coalesce(said(m['agent.name']), CASE WHEN m['query_source'] NOT LIKE '%main%' THEN m['query_source'] END) AS agent,
  coalesce(r['deployment.environment.name'], r['deployment.environment']) AS environment, session, coalesce(m['prompt.id'], m['prompt_id']) AS turn,
  CAST(json_object('sender', sender, 'effort', m['effort'], 'version', coalesce(m['app.version'], r['service.version'])) AS VARCHAR) AS facts,
  input, output, coalesce(m['cache_read_tokens'], m['cached_token_count'], m['cached_content_token_count']) AS cache_read, m['cache_creation_tokens'] AS cache_write,
  coalesce(m['reasoning_token_count'], m['thoughts_token_count']) AS reasoning,
  -- what Codex calls the tokens of tools is its total
  CASE WHEN sender <> 'codex' THEN m['tool_token_count'] END AS tool_use, m['total_token_count'] AS total,
  sender <> 'claude_code' AS input_includes_cache, CASE sender WHEN 'gemini_cli' THEN false WHEN 'qwen_code' THEN NULL ELSE true END AS output_includes_reasoning,
  m['cost_usd'] AS source_cost, CASE WHEN m['cost_usd'] IS NOT NULL THEN 'list_estimate' END AS source_cost_kind
FROM told
