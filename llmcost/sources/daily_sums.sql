-- one row is the requests of one day, model and who asked: of LiteLLM's daily tables, OpenRouter's activity or Vercel's report; part 1 those that failed
-- raw: id, date, day, api_key, team_id, user_id, end_user_id, agent_id, model, model_group, model_permaslug, custom_llm_provider, provider, provider_name,
--   endpoint, endpoint_id, prompt_tokens, completion_tokens, input_tokens, output_tokens, reasoning_tokens, cache_read_input_tokens,
--   cache_creation_input_tokens, cached_input_tokens, spend, usage, total_cost, credential_type,
--   requests, api_requests, successful_requests, failed_requests, request_count
SELECT file, source, part,
  said(id) || CASE WHEN part = 1 THEN '_failed' ELSE '' END AS id,
  md5(concat_ws('|', coalesce(date, day), api_key, user_id, team_id, model, model_permaslug, endpoint_id, provider, provider_name, credential_type, money, sum_requests, sum_input, sum_output, part)) AS line_digest,
  CASE WHEN sum_requests IS NULL THEN 'no sum of requests' END AS doubt,
  CASE WHEN succeeded = 0 AND failed = 0 THEN 'a sum of no requests' END AS skip,
  coalesce(date, day) AS started,
  CASE WHEN of_failed THEN 'failure' ELSE 'success' END AS status,
  CASE WHEN of_failed THEN failed_requests ELSE sum_requests END AS requests,
  coalesce(said(custom_llm_provider), said(provider), CASE WHEN contains(model, '/') THEN split_part(model, '/', 1) END) AS provider,
  coalesce(said(model_permaslug), said(model)) AS model, said(model_group) AS model_group, said(endpoint) AS operation,
  coalesce(said(end_user_id), said(user_id)) AS "user", said(api_key) AS key, said(team_id) AS team, said(agent_id) AS agent,
  -- the tokens stand once, with those that succeeded where there are any
  CASE WHEN part IS NULL THEN sum_input ELSE '0' END AS input, CASE WHEN part IS NULL THEN sum_output ELSE '0' END AS output,
  CASE WHEN part IS NULL THEN coalesce(cache_read_input_tokens, cached_input_tokens) END AS cache_read,
  CASE WHEN part IS NULL THEN cache_creation_input_tokens END AS cache_write, CASE WHEN part IS NULL THEN reasoning_tokens END AS reasoning,
  CASE WHEN source <> 'vercel_report' THEN true END AS input_includes_cache, true AS output_includes_reasoning,
  source = 'openrouter_activity' AS usage_partial,
  CASE WHEN part IS NULL THEN money END AS source_cost, 'charged' AS source_cost_kind
FROM (
  SELECT *, CASE WHEN of_failed AND succeeded > 0 THEN 1 END AS part
  FROM (
    SELECT *, unnest(CASE WHEN failed > 0 AND succeeded > 0 THEN [false, true] ELSE [failed > 0] END) AS of_failed
    FROM (
      SELECT *, coalesce(whole(sum_requests), 0) AS succeeded, coalesce(whole(failed_requests), 0) AS failed
      FROM (
        SELECT *, CASE WHEN api_requests IS NOT NULL THEN 'litellm_daily' WHEN model_permaslug IS NOT NULL THEN 'openrouter_activity' ELSE 'vercel_report' END AS source,
          coalesce(successful_requests, api_requests, requests, request_count) AS sum_requests,
          coalesce(prompt_tokens, input_tokens) AS sum_input, coalesce(completion_tokens, output_tokens) AS sum_output,
          coalesce(spend, usage, total_cost) AS money
        FROM raw
      )
    )
  )
)
