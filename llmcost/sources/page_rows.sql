-- one row is one result of one bucket: who used what in a span of time, or what it cost; the key is the span with all its dimensions
INSERT INTO page_rows BY NAME
WITH buckets AS (
  SELECT file, md5(CAST(json AS VARCHAR)) AS line_digest,
    unnest(CASE WHEN json_type(json, '$.data') = 'ARRAY' THEN CAST(json_extract(json, '$.data[*]') AS JSON[]) ELSE [json] END) AS b
  FROM raw
), results AS (
  SELECT file, line_digest, coalesce(json_extract_string(b, '$.starting_at'), json_extract_string(b, '$.start_time')) AS started,
    coalesce(json_extract_string(b, '$.ending_at'), json_extract_string(b, '$.end_time')) AS ended,
    json_extract_string(b, '$.starting_at') IS NOT NULL AS is_anthropic,
    unnest(CAST(json_extract(b, '$.results[*]') AS JSON[])) AS result
  FROM buckets
), opened AS (
  SELECT * EXCLUDE (result), from_json(result, '{"object":"VARCHAR","model":"VARCHAR","line_item":"VARCHAR","description":"VARCHAR","cost_type":"VARCHAR",
    "token_type":"VARCHAR","project_id":"VARCHAR","workspace_id":"VARCHAR","api_key_id":"VARCHAR","user_id":"VARCHAR","service_tier":"VARCHAR",
    "batch":"BOOLEAN","context_window":"VARCHAR","inference_geo":"VARCHAR","speed":"VARCHAR","num_model_requests":"VARCHAR","currency":"VARCHAR",
    "input_tokens":"VARCHAR","input_uncached_tokens":"VARCHAR","input_cached_tokens":"VARCHAR","input_cache_write_tokens":"VARCHAR",
    "input_audio_tokens":"VARCHAR","output_tokens":"VARCHAR","output_audio_tokens":"VARCHAR","uncached_input_tokens":"VARCHAR",
    "cache_read_input_tokens":"VARCHAR","cache_creation":{"ephemeral_5m_input_tokens":"VARCHAR","ephemeral_1h_input_tokens":"VARCHAR"},
    "server_tool_use":{"web_search_requests":"VARCHAR"}}') AS r,
    -- Anthropic writes cents, as text; OpenAI dollars, as a number or text, in an object with the currency
    json_extract_string(result, CASE WHEN is_anthropic THEN '$.amount' ELSE '$.amount.value' END) AS amount_said,
    upper(json_extract_string(result, CASE WHEN is_anthropic THEN '$.currency' ELSE '$.amount.currency' END)) AS currency,
    regexp_extract(json_extract_string(result, '$.object'), '^organization\.usage\.(.*)\.result$', 1) AS usage_of
  FROM results
), named AS (
  SELECT file, line_digest, CASE WHEN is_anthropic THEN 'anthropic' ELSE 'openai' END AS provider,
    CASE WHEN currency IS NULL AND amount_said IS NULL THEN 'usage' ELSE 'cost' END AS kind,
    instant_us(started) AS started_us, instant_us(ended) AS ended_us, r.model AS model,
    coalesce(r.line_item, r.description, r.cost_type, nullif(usage_of, '')) AS line_item, r.token_type AS token_type,
    coalesce(r.project_id, r.workspace_id) AS project, r.api_key_id AS "key", r.user_id AS "user", r.service_tier AS service_tier, r.batch AS batch,
    r.context_window AS context_window, r.inference_geo AS inference_geo, r.speed AS speed,
    whole(r.num_model_requests) AS requests,
    CASE WHEN is_anthropic THEN whole(r.uncached_input_tokens)
         ELSE coalesce(whole(r.input_uncached_tokens),
           whole(r.input_tokens) - coalesce(whole(r.input_cached_tokens), 0) - coalesce(whole(r.input_cache_write_tokens), 0)) END AS fresh_input_tokens,
    whole(coalesce(r.cache_read_input_tokens, r.input_cached_tokens)) AS cache_read_tokens,
    whole(r.cache_creation.ephemeral_5m_input_tokens) AS cache_write_5m_tokens, whole(r.cache_creation.ephemeral_1h_input_tokens) AS cache_write_1h_tokens,
    whole(r.input_cache_write_tokens) AS cache_write_other_tokens,
    -- beside input_tokens and output_tokens, which count text
    whole(r.input_audio_tokens) AS audio_input_tokens, whole(r.output_tokens) AS text_output_tokens, whole(r.output_audio_tokens) AS audio_output_tokens,
    whole(r.server_tool_use.web_search_requests) AS web_searches,
    CASE WHEN coalesce(currency, 'USD') = 'USD' THEN usd(amount_said, CASE WHEN is_anthropic THEN 'cents' END) END AS amount, currency
  FROM opened
)
SELECT md5(CAST(to_json([provider, kind, CAST(started_us AS VARCHAR), CAST(ended_us AS VARCHAR), model, line_item, token_type, project, "key", "user", service_tier,
    CAST(batch AS VARCHAR), context_window, inference_geo, speed, currency]) AS VARCHAR)) AS page_key, *
FROM named;
