-- one row is one event of aider's analytics log; a message_send is one call
-- raw: event, user_id, time, properties STRUCT(main_model VARCHAR, edit_format VARCHAR, prompt_tokens VARCHAR, completion_tokens VARCHAR, total_tokens VARCHAR, cost VARCHAR)
SELECT file, 'aider' AS source, md5(concat_ws('|', event, user_id, time, CAST(properties AS VARCHAR))) AS line_digest,
  CASE WHEN event IS NULL AND properties IS NULL THEN 'no event' END AS doubt,
  CASE WHEN event <> 'message_send' THEN 'an event that is no call' END AS skip,
  time AS started,
  -- what aider hides (None, x/REDACTED) stays visible as it is
  properties.main_model AS model, 'chat' AS operation, 'aider' AS agent, user_id AS "user", CAST(json_object('edit_format', properties.edit_format) AS VARCHAR) AS facts,
  properties.prompt_tokens AS input, properties.completion_tokens AS output, properties.total_tokens AS total, true AS input_includes_cache,
  properties.cost AS source_cost, CASE WHEN properties.cost IS NOT NULL THEN 'list_estimate' END AS source_cost_kind
FROM raw
