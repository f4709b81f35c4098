-- one row is one observation of Langfuse (exports, API pages, events of an ingestion batch), or the facts of a trace, which its observations inherit
-- raw: json
WITH listed AS (
  SELECT file,
    -- an event or the rows of an export have their names; what has not is something else
    NOT coalesce(json_type(json, '$.observations') = 'ARRAY' OR json_type(json, '$.batch') = 'ARRAY'
      OR (json_exists(json, '$.body') AND regexp_full_match(json_extract_string(json, '$.type'), '.+-(create|update|log)'))
      OR (json_exists(json, '$.id') AND json_exists(json, '$.timestamp') AND json_exists(json, '$.name'))
      OR (json_exists(json, '$.id') AND list_bool_or(list_transform(['usageDetails', 'usage_details', 'inputUsage', 'parentObservationId', 'parent_observation_id', 'type'], lambda k: json_exists(json, '$.' || k)))
          AND (json_exists(json, '$.startTime') OR json_exists(json, '$.start_time'))), false) AS is_none,
    unnest(list_transform(
      CASE WHEN json_type(json, '$.observations') = 'ARRAY'
           THEN list_concat([{'kind': 'trace', 'j': coalesce(object_at(json, '$.trace'), json)}], 
             -- (a page of the API names them only)
             list_transform(list_filter(CAST(json -> '$.observations' AS JSON[]), lambda o: json_type(o) = 'OBJECT'), lambda o: {'kind': 'observation', 'j': o}))
           WHEN json_type(json, '$.batch') = 'ARRAY' THEN list_transform(CAST(json -> '$.batch' AS JSON[]), lambda e: {'kind': json_extract_string(e, '$.type'), 'j': e -> '$.body'})
           WHEN json_exists(json, '$.body') THEN [{'kind': json_extract_string(json, '$.type'), 'j': json -> '$.body'}]
           WHEN coalesce(json_extract_string(json, '$.traceId'), json_extract_string(json, '$.trace_id')) IS NULL THEN [{'kind': 'trace', 'j': json}]
           ELSE [{'kind': 'observation', 'j': json}] END,
      lambda x, i: {'kind': x.kind, 'j': x.j, 'n': i - 1})) AS x
  FROM raw
), fields AS (
  SELECT file, is_none, x.j AS j, x.n AS n, starts_with(x.kind, 'trace') AS is_trace,
    -- the events of a batch say what they create or update, observations have their type
    CASE WHEN starts_with(x.kind, 'observation') THEN upper(json_extract_string(x.j, '$.type')) ELSE upper(split_part(x.kind, '-', 1)) END AS type,
    from_json(x.j, '{"id":"VARCHAR","name":"VARCHAR","traceId":"VARCHAR","trace_id":"VARCHAR","parentObservationId":"VARCHAR","parent_observation_id":"VARCHAR",
      "startTime":"VARCHAR","start_time":"VARCHAR","endTime":"VARCHAR","end_time":"VARCHAR","completionStartTime":"VARCHAR","completion_start_time":"VARCHAR",
      "model":"VARCHAR","providedModelName":"VARCHAR","provided_model_name":"VARCHAR","level":"VARCHAR","statusMessage":"VARCHAR","status_message":"VARCHAR",
      "userId":"VARCHAR","user_id":"VARCHAR","sessionId":"VARCHAR","session_id":"VARCHAR","environment":"VARCHAR","promptName":"VARCHAR","prompt_name":"VARCHAR",
      "traceName":"VARCHAR","trace_name":"VARCHAR","traceTags":"VARCHAR","trace_tags":"VARCHAR","tags":"VARCHAR","metadata":"VARCHAR","input":"VARCHAR","usageDetails":"VARCHAR","usage_details":"VARCHAR","usage":"VARCHAR","costDetails":"VARCHAR","cost_details":"VARCHAR",
      "totalCost":"VARCHAR","total_cost":"VARCHAR","calculatedTotalCost":"VARCHAR","promptTokens":"VARCHAR","completionTokens":"VARCHAR","totalTokens":"VARCHAR",
      "inputUsage":"VARCHAR","outputUsage":"VARCHAR","totalUsage":"VARCHAR","timeToFirstToken":"VARCHAR","time_to_first_token":"VARCHAR","timeToFirstTokenMs":"VARCHAR"}') AS o
  FROM listed
), used AS (
  SELECT *, from_json(opened(coalesce(nullif(nullif(coalesce(o.usageDetails, o.usage_details), '{}'), 'null'), o.usage)),
      '{"input":"VARCHAR","output":"VARCHAR","total":"VARCHAR","totalCost":"VARCHAR","promptTokens":"VARCHAR","completionTokens":"VARCHAR","totalTokens":"VARCHAR",
        "prompt_tokens":"VARCHAR","completion_tokens":"VARCHAR","total_tokens":"VARCHAR","input_tokens":"VARCHAR","output_tokens":"VARCHAR",
        "input_cache_read":"VARCHAR","input_cached_tokens":"VARCHAR","cache_read_input_tokens":"VARCHAR","prompt_details.cache_read":"VARCHAR","prompt_details.cached_tokens":"VARCHAR",
        "input_cache_creation":"VARCHAR","input_cache_write":"VARCHAR","cache_creation_input_tokens":"VARCHAR","prompt_details.cache_write":"VARCHAR",
        "input_cache_creation_5m":"VARCHAR","input_cache_creation_1h":"VARCHAR","output_reasoning":"VARCHAR","output_reasoning_tokens":"VARCHAR","completion_details.reasoning":"VARCHAR",
        "completion_details.reasoning_tokens":"VARCHAR","input_audio":"VARCHAR","input_audio_tokens":"VARCHAR","output_audio":"VARCHAR","output_audio_tokens":"VARCHAR"}') AS u
  FROM fields
), counts AS (
  SELECT *,
    whole(coalesce(u.input, u.promptTokens, u.prompt_tokens, u.input_tokens, o.promptTokens, nullif(o.inputUsage, '0'))) AS i, whole(coalesce(u.output, u.completionTokens, u.completion_tokens, u.output_tokens, o.completionTokens, nullif(o.outputUsage, '0'))) AS out,
    whole(coalesce(u.total, u.totalTokens, u.total_tokens, o.totalTokens, nullif(o.totalUsage, '0'))) AS t,
    whole(coalesce(u.input_cache_read, u.input_cached_tokens, nullif(u.cache_read_input_tokens, '0'), u."prompt_details.cache_read", u."prompt_details.cached_tokens", u.cache_read_input_tokens)) AS r,
    whole(coalesce(u.input_cache_creation, u.input_cache_write, nullif(u.cache_creation_input_tokens, '0'), u."prompt_details.cache_write", u.cache_creation_input_tokens)) AS w,
    whole(u.input_cache_creation_5m) AS w5, whole(u.input_cache_creation_1h) AS w1,
    whole(coalesce(u.output_reasoning, u.output_reasoning_tokens, u."completion_details.reasoning", u."completion_details.reasoning_tokens")) AS z,
    whole(coalesce(u.input_audio, u.input_audio_tokens)) AS ai, whole(coalesce(u.output_audio, u.output_audio_tokens)) AS ao,
    -- the names say what is meant: `input_...` stands beside the input, `prompt_details...` inside; of Anthropic's own names nobody knows
    coalesce(u."prompt_details.cache_read", u."prompt_details.cached_tokens", u."prompt_details.cache_write") IS NOT NULL AS prompt_inside,
    coalesce(u.input_cache_read, u.input_cached_tokens, u.input_cache_creation, u.input_cache_write, u.input_cache_creation_5m, u.input_cache_creation_1h) IS NOT NULL AS prompt_beside,
    coalesce(u."completion_details.reasoning", u."completion_details.reasoning_tokens") IS NOT NULL AS completion_inside
  FROM used
), sums AS (
  SELECT *, coalesce(i, 0) + coalesce(out, 0) AS beside, coalesce(r, 0) + greatest(coalesce(w, 0), coalesce(w5, 0) + coalesce(w1, 0)) AS read_and_written,
    coalesce(z, 0) AS thought, coalesce(ai, 0) + coalesce(ao, 0) AS sound,
    -- parts and whole are compared where the log has both: which details stand beside, which inside?
    t = beside + read_and_written + thought + sound AS all_beside, t = beside + read_and_written AS input_beside, t = beside + thought AS output_beside, t = beside AS all_inside
  FROM counts
)
SELECT file, md5(CAST(j AS VARCHAR)) AS line_digest, 'langfuse' AS source, nullif(n, 0) AS part,
  CASE WHEN is_none THEN 'no record of Langfuse' END AS doubt,
  CASE WHEN is_trace THEN 'facts of a trace'
       WHEN coalesce(i, out, t) IS NULL AND type NOT IN ('GENERATION', 'EMBEDDING') THEN 'an observation that is no call of a model'
       WHEN j IS NULL OR o.id IS NULL THEN 'no observation' END AS skip,
  -- LiteLLM puts the id of the answer into that of the observation
  coalesce(nullif(regexp_extract(o.id, '^time-[0-9-]+_(.+)$', 1), ''), o.id) AS id,
  CASE WHEN is_trace THEN o.id ELSE coalesce(o.traceId, o.trace_id) END AS trace, CASE WHEN NOT is_trace THEN o.id END AS span, coalesce(o.parentObservationId, o.parent_observation_id) AS parent,
  coalesce(o.startTime, o.start_time) AS started, coalesce(o.endTime, o.end_time) AS ended, coalesce(o.completionStartTime, o.completion_start_time) AS first_token,
  coalesce(o.timeToFirstTokenMs, CAST(TRY_CAST(coalesce(o.timeToFirstToken, o.time_to_first_token) AS DECIMAL(18, 6)) * 1000 AS VARCHAR)) AS ttft_ms,
  CASE WHEN o.level = 'ERROR' THEN 'error' ELSE 'success' END AS status, error_said(coalesce(o.statusMessage, o.status_message)) AS error_class,
  CASE WHEN o.level = 'ERROR' THEN coalesce(o.statusMessage, o.status_message) END AS error_message,
  coalesce(o.providedModelName, o.provided_model_name, o.model) AS model,
  CASE WHEN type = 'EMBEDDING' THEN 'embeddings' WHEN type = 'GENERATION' THEN 'chat' END AS operation,
  coalesce(said(o.userId), said(o.user_id)) AS "user", coalesce(said(o.sessionId), said(o.session_id)) AS session, nullif(o.environment, 'default') AS environment,
  CASE WHEN type = 'AGENT' THEN o.name END AS agent,
  -- the name of the prompt or of the trace, where no tag says it better
  CASE WHEN NOT contains(concat(o.tags, o.traceTags, o.trace_tags, o.metadata), 'feature') THEN coalesce(said(o.promptName), said(o.prompt_name), said(o.traceName), said(o.trace_name), CASE WHEN is_trace THEN said(o.name) END) END AS feature,
  coalesce(o.tags, o.traceTags, o.trace_tags) AS tag_list, o.metadata AS facts,
  CAST(CASE WHEN all_beside THEN i + coalesce(ai, 0) ELSE i END AS VARCHAR) AS input, CAST(CASE WHEN all_beside THEN coalesce(out, 0) + coalesce(ao, 0) ELSE out END AS VARCHAR) AS output,
  CAST(t AS VARCHAR) AS total, CAST(r AS VARCHAR) AS cache_read, CAST(w AS VARCHAR) AS cache_write, CAST(w5 AS VARCHAR) AS cache_write_5m, CAST(w1 AS VARCHAR) AS cache_write_1h,
  CAST(z AS VARCHAR) AS reasoning, CAST(ai AS VARCHAR) AS audio_input, CAST(ao AS VARCHAR) AS audio_output,
  CASE WHEN read_and_written = 0 THEN NULL WHEN all_beside OR input_beside THEN false WHEN all_inside OR output_beside THEN true WHEN prompt_inside THEN true WHEN prompt_beside THEN false END AS input_includes_cache,
  CASE WHEN thought = 0 THEN NULL WHEN all_beside OR output_beside THEN false WHEN all_inside OR input_beside THEN true WHEN completion_inside THEN true WHEN t IS NULL THEN false END AS output_includes_reasoning,
  coalesce(o.totalCost, o.total_cost, o.calculatedTotalCost, json_extract_string(opened(coalesce(o.costDetails, o.cost_details)), '$.total'), u.totalCost) AS source_cost,
  CASE WHEN coalesce(o.totalCost, o.total_cost, o.calculatedTotalCost, json_extract_string(opened(coalesce(o.costDetails, o.cost_details)), '$.total'), u.totalCost) IS NOT NULL THEN 'recorded' END AS source_cost_kind,
  o.input AS prompt
FROM sums
