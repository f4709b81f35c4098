-- one row is one row of LiteLLM's table LiteLLM_SpendLogs: one request, or one failed attempt
-- raw: request_id, call_type, api_key, spend, total_tokens, prompt_tokens, completion_tokens, startTime, endTime, completionStartTime,
--   model, model_group, custom_llm_provider, user, team_id, organization_id, end_user, agent_id, metadata, cache_hit, request_tags,
--   session_id, status, messages
SELECT file, 'litellm_spendlogs' AS source,
  said(request_id) AS id,
  CASE WHEN said(request_id) IS NULL THEN md5(concat_ws('|', startTime, endTime, model, spend, total_tokens, prompt_tokens, completion_tokens, metadata)) END AS line_digest,
  CASE WHEN spend IS NULL OR startTime IS NULL THEN 'no row of SpendLogs' END AS doubt,
  CASE WHEN call_type IS NOT NULL AND is_housekeeping(call_type) THEN 'not billed: ' || call_type END AS skip,
  startTime AS started, endTime AS ended, completionStartTime AS first_token,
  coalesce(said(status), m.status) AS status,
  m.error_information.error_class AS error_class, m.error_information.error_code AS error_code, m.error_information.error_message AS error_message,
  -- the gateway's cache marks its rows in the id too; cache_hit is the text "None", "True" or "False"
  lower(cache_hit) = 'true' OR contains(request_id, '_cache_hit') AS cache_hit,
  custom_llm_provider AS provider, litellm_model(model, custom_llm_provider) AS model, said(model_group) AS model_group, said(model_group) AS model_requested, call_type AS operation,
  m.usage_object.service_tier AS service_tier, m.usage_object.speed AS speed, m.usage_object.inference_geo AS inference_geo,
  coalesce(said(end_user), said(m.user_api_key_end_user_id)) AS "user",
  coalesce(said(m.user_api_key_alias), said(api_key)) AS key,
  said(agent_id) AS agent,
  coalesce(said(m.user_api_key_team_alias), said(team_id)) AS team,
  coalesce(said(m.user_api_key_project_alias), said(m.user_api_key_project_id), said(organization_id)) AS project,
  CASE WHEN m.is_silent_experiment = 'true' THEN 'shadow' END AS environment,
  said(session_id) AS session,
  request_tags AS tag_list, m.spend_logs_metadata AS facts, m.requester_metadata AS more_facts,
  m.attempted_fallbacks AS fallbacks, m.original_model_group AS fallback_from,
  CASE WHEN m.router_metadata.selected_model <> m.router_metadata.requested_model THEN 'policy' END AS chain_reason,
  prompt_tokens AS input, completion_tokens AS output, total_tokens AS total,
  coalesce(nullif(n.cache_read_input_tokens, '0'), n.prompt_tokens_details.cached_tokens) AS cache_read,
  coalesce(nullif(n.cache_creation_input_tokens, '0'), n.prompt_tokens_details.cache_creation_tokens, n.prompt_tokens_details.cache_write_tokens) AS cache_write,
  coalesce(n.cache_creation.ephemeral_5m_input_tokens, n.prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens) AS cache_write_5m,
  coalesce(n.cache_creation.ephemeral_1h_input_tokens, n.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens) AS cache_write_1h,
  n.prompt_tokens_details.audio_tokens AS audio_input, n.prompt_tokens_details.image_tokens AS image_input,
  n.completion_tokens_details.reasoning_tokens AS reasoning, n.completion_tokens_details.audio_tokens AS audio_output,
  n.completion_tokens_details.image_tokens AS image_output, n.completion_tokens_details.rejected_prediction_tokens AS rejected_prediction,
  n.server_tool_use.web_search_requests AS web_searches,
  prompt_holds_cache(call_type, custom_llm_provider) AS input_includes_cache, true AS output_includes_reasoning,
  spend AS source_cost, 'charged' AS source_cost_kind,
  recorded_prompt(messages) AS prompt
FROM (
  SELECT *, coalesce(m.usage_object, m.additional_usage_values) AS n
  FROM (
    SELECT *, from_json(opened(metadata), '{"status":"VARCHAR","user_api_key_alias":"VARCHAR","user_api_key_end_user_id":"VARCHAR",
      "user_api_key_team_alias":"VARCHAR","user_api_key_project_alias":"VARCHAR","user_api_key_project_id":"VARCHAR","is_silent_experiment":"VARCHAR",
      "spend_logs_metadata":"JSON","requester_metadata":"JSON","attempted_fallbacks":"VARCHAR","original_model_group":"VARCHAR","router_metadata":{"requested_model":"VARCHAR","selected_model":"VARCHAR"},
      "error_information":{"error_code":"VARCHAR","error_class":"VARCHAR","error_message":"VARCHAR"},
      "usage_object":{"cache_read_input_tokens":"VARCHAR","cache_creation_input_tokens":"VARCHAR",
        "cache_creation":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"},
        "prompt_tokens_details":{"cached_tokens":"VARCHAR","cache_write_tokens":"VARCHAR","cache_creation_tokens":"VARCHAR","cache_creation_token_details":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"},"audio_tokens":"VARCHAR","image_tokens":"VARCHAR"},
        "completion_tokens_details":{"reasoning_tokens":"VARCHAR","audio_tokens":"VARCHAR","image_tokens":"VARCHAR","rejected_prediction_tokens":"VARCHAR"},
        "server_tool_use":{"web_search_requests":"VARCHAR"},"service_tier":"VARCHAR","speed":"VARCHAR","inference_geo":"VARCHAR"},
      "additional_usage_values":{"cache_read_input_tokens":"VARCHAR","cache_creation_input_tokens":"VARCHAR",
        "cache_creation":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"},
        "prompt_tokens_details":{"cached_tokens":"VARCHAR","cache_write_tokens":"VARCHAR","cache_creation_tokens":"VARCHAR","cache_creation_token_details":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"},"audio_tokens":"VARCHAR","image_tokens":"VARCHAR"},
        "completion_tokens_details":{"reasoning_tokens":"VARCHAR","audio_tokens":"VARCHAR","image_tokens":"VARCHAR","rejected_prediction_tokens":"VARCHAR"},
        "server_tool_use":{"web_search_requests":"VARCHAR"},"service_tier":"VARCHAR","speed":"VARCHAR","inference_geo":"VARCHAR"}}') AS m
    FROM raw
  )
)
