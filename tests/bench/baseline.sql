-- the engine's own way: every source field that llmcost reads from a StandardLoggingPayload, typed, into a table
CREATE TABLE payloads AS
SELECT * FROM read_json($path, format = 'newline_delimited', columns = {
  id: 'VARCHAR', trace_id: 'VARCHAR', session_id: 'VARCHAR', litellm_call_id: 'VARCHAR', call_type: 'VARCHAR', cache_hit: 'BOOLEAN',
  stream: 'BOOLEAN', status: 'VARCHAR', custom_llm_provider: 'VARCHAR', startTime: 'DOUBLE', endTime: 'DOUBLE', completionStartTime: 'DOUBLE',
  model: 'VARCHAR', model_group: 'VARCHAR', response_cost: 'DECIMAL(38, 24)', prompt_tokens: 'BIGINT', completion_tokens: 'BIGINT',
  total_tokens: 'BIGINT', request_tags: 'VARCHAR[]', end_user: 'VARCHAR', messages: 'JSON', error_str: 'VARCHAR',
  metadata: 'STRUCT(user_api_key_hash VARCHAR, user_api_key_alias VARCHAR, user_api_key_user_id VARCHAR, user_api_key_team_id VARCHAR,
    user_api_key_team_alias VARCHAR, user_api_key_org_id VARCHAR, user_api_key_project_id VARCHAR, user_api_key_end_user_id VARCHAR,
    spend_logs_metadata MAP(VARCHAR, VARCHAR), requester_metadata MAP(VARCHAR, VARCHAR), attempted_fallbacks BIGINT, original_model_group VARCHAR,
    usage_object STRUCT(cache_read_input_tokens BIGINT, cache_creation_input_tokens BIGINT,
      cache_creation STRUCT(ephemeral_5m_input_tokens BIGINT, ephemeral_1h_input_tokens BIGINT),
      prompt_tokens_details STRUCT(cached_tokens BIGINT, cache_write_tokens BIGINT, cache_creation_tokens BIGINT, audio_tokens BIGINT,
        image_tokens BIGINT, video_tokens BIGINT),
      completion_tokens_details STRUCT(reasoning_tokens BIGINT, audio_tokens BIGINT, image_tokens BIGINT, rejected_prediction_tokens BIGINT),
      server_tool_use STRUCT(web_search_requests BIGINT), service_tier VARCHAR, speed VARCHAR, inference_geo VARCHAR))',
  response: 'STRUCT(service_tier VARCHAR, choices STRUCT(finish_reason VARCHAR)[])',
  error_information: 'STRUCT(error_code VARCHAR, error_class VARCHAR, error_message VARCHAR)'
})
