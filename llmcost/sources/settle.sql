-- one row is one record of a log on its way into the ledger: token columns disjoint, time in µs, outcome in one vocabulary
-- `problem` says why a row goes to quarantine, `skip` why it is no request, `doubt` why the line is to be read again with more care
WITH counted AS (
  SELECT *,
    instant_us(started) AS started_us, instant_us(ended) AS ended_us, instant_us(first_token) AS first_token_us,
    whole(requests) AS req,
    -- a status that is itself the error: 429, "timeout"
    CASE WHEN status = 'success' OR status IS NULL THEN false
         ELSE regexp_full_match(status, '[45][0-9][0-9]') OR coalesce(error_kind_of(NULL, status, NULL), 'unknown') <> 'unknown' END AS is_error_status,
    whole(input) AS i, whole(output) AS o, whole(total) AS t,
    whole(cache_read) AS cr, whole(cache_write) AS cw, whole(cache_write_5m) AS cw5, whole(cache_write_1h) AS cw1, whole(cache_write_12h) AS cw12,
    whole(audio_input) AS ain, whole(audio_cache_read) AS ainr, whole(image_input) AS iin, whole(image_cache_read) AS iinr,
    whole(video_input) AS vin, whole(tool_use) AS tus, whole(reasoning) AS rea, whole(audio_output) AS aou, whole(image_output) AS iou,
    whole(rejected_prediction) AS rej, whole(web_searches) AS srch
  FROM sightings
), filled AS (
  SELECT *,
    coalesce(req, 1) AS n,
    -- a total alone tells the input too
    coalesce(i, CASE WHEN t > coalesce(o, 0) THEN t - coalesce(o, 0) END, 0) AS i0, coalesce(o, 0) AS o0, coalesce(cr, 0) AS r,
    greatest(coalesce(cw, 0), coalesce(cw5, 0) + coalesce(cw1, 0) + coalesce(cw12, 0)) AS w,
    coalesce(cw5, 0) AS w5, coalesce(cw1, 0) AS w1, coalesce(cw12, 0) AS w12,
    coalesce(ain, 0) AS ai, coalesce(ainr, 0) AS air, coalesce(iin, 0) AS ii, coalesce(iinr, 0) AS iir, coalesce(vin, 0) AS vi,
    coalesce(tus, 0) AS tu, coalesce(rea, 0) AS z, coalesce(aou, 0) AS ao, coalesce(iou, 0) AS io, coalesce(rej, 0) AS rp,
    coalesce(srch, 0) AS searches,
    CASE WHEN is_error_status THEN coalesce(error_code, status) ELSE error_code END AS code,
    CASE WHEN input <> '' AND i IS NULL THEN 'input tokens: not a count: ' || shown(input)
         WHEN output <> '' AND o IS NULL THEN 'output tokens: not a count: ' || shown(output)
         WHEN cache_read <> '' AND cr IS NULL THEN 'cache read tokens: not a count: ' || shown(cache_read)
         WHEN (cache_write <> '' AND cw IS NULL) OR (cache_write_5m <> '' AND cw5 IS NULL) OR (cache_write_1h <> '' AND cw1 IS NULL)
           OR (cache_write_12h <> '' AND cw12 IS NULL) THEN 'cache write tokens: not a count'
         WHEN reasoning <> '' AND rea IS NULL THEN 'reasoning tokens: not a count: ' || shown(reasoning)
         WHEN (audio_input <> '' AND ain IS NULL) OR (image_input <> '' AND iin IS NULL) OR (video_input <> '' AND vin IS NULL)
           OR (audio_output <> '' AND aou IS NULL) OR (image_output <> '' AND iou IS NULL) OR (tool_use <> '' AND tus IS NULL)
           OR (rejected_prediction <> '' AND rej IS NULL) THEN 'tokens of a modality: not a count'
         WHEN requests <> '' AND req IS NULL THEN 'requests: not a count: ' || shown(requests)
         WHEN started <> '' AND started_us IS NULL THEN 'time: not an instant: ' || shown(started)
    END AS bad_value
  FROM counted
), shaped AS (
  SELECT *,
    -- is the cached part inside `input`? what cannot be otherwise (it does not fit, or the record's own total counts it beside), then what
    -- the source declares, then the usual
    CASE WHEN r + w = 0 THEN true WHEN r + w > i0 OR (t = i0 + o0 + r + w AND z <> r + w) THEN false
         ELSE coalesce(input_includes_cache, true) END AS cache_inside,
    CASE WHEN r + w = 0 OR input_includes_cache = false OR (input_includes_cache AND r + w <= i0 AND (t IS NULL OR t <> i0 + o0 + r + w OR z = r + w)) THEN 'declared'
         WHEN r + w > i0 OR t IN (i0 + o0, i0 + o0 + r + w) THEN 'arithmetic' ELSE 'assumed' END AS cache_basis,
    CASE WHEN z = 0 THEN true WHEN z > o0 OR t = i0 + o0 + z THEN false ELSE coalesce(output_includes_reasoning, true) END AS reasoning_inside,
    CASE WHEN z = 0 OR output_includes_reasoning = false OR (output_includes_reasoning AND z <= o0 AND (t IS NULL OR t <> i0 + o0 + z)) THEN 'declared'
         WHEN z > o0 OR t IN (i0 + o0, i0 + o0 + z) THEN 'arithmetic' ELSE 'assumed' END AS reasoning_basis,
    CASE WHEN w > w5 + w1 + w12 AND contains(lower(model), 'claude') THEN w - w1 - w12 ELSE w5 END AS write_5m,
    CASE WHEN cache_hit OR status = 'success' OR (status IS NULL AND error_class IS NULL) THEN 'success'
         WHEN status IS NULL OR status = '' THEN CASE coalesce(error_kind_of(error_class, code, error_message), 'unknown') WHEN 'user_choice' THEN 'cancelled' WHEN 'unknown' THEN 'success' ELSE 'error' END
         WHEN lower(status) IN ('cancelled', 'canceled') THEN 'cancelled'
         WHEN lower(status) IN ('failure', 'failed', 'fail', 'error', 'errored', 'expired', 'false') OR is_error_status
           THEN CASE WHEN error_kind_of(error_class, code, error_message) = 'user_choice' THEN 'cancelled' ELSE 'error' END
         ELSE 'success' END AS outcome
  FROM filled
), split AS (
  SELECT *,
    CASE WHEN cache_inside THEN r + w ELSE 0 END AS cached_inside,
    CASE WHEN cache_inside THEN 0 ELSE r + w END AS cached_beside,
    CASE WHEN reasoning_inside THEN z ELSE 0 END AS z_inside,
    -- parts that do not fit into their whole tell nothing (live audio): they are not split off
    i0 - CASE WHEN cache_inside THEN r + w ELSE 0 END >= greatest(ai - air, 0) + greatest(ii - iir, 0) + vi AND air + iir <= r AS inputs_fit,
    o0 - CASE WHEN reasoning_inside THEN z ELSE 0 END >= ao + io + rp AS outputs_fit,
    i0 + o0 + r + w + z + searches > 0 OR coalesce(t, 0) > 0 OR units IS NOT NULL AS used_something
  FROM shaped
), parts AS (
  SELECT *,
    CASE WHEN inputs_fit THEN greatest(ai - air, 0) ELSE 0 END AS audio_in, CASE WHEN inputs_fit THEN air ELSE 0 END AS audio_read,
    CASE WHEN inputs_fit THEN greatest(ii - iir, 0) ELSE 0 END AS image_in, CASE WHEN inputs_fit THEN iir ELSE 0 END AS image_read,
    CASE WHEN inputs_fit THEN vi ELSE 0 END AS video_in,
    CASE WHEN outputs_fit THEN ao ELSE 0 END AS audio_out, CASE WHEN outputs_fit THEN io ELSE 0 END AS image_out,
    CASE WHEN outputs_fit THEN rp ELSE 0 END AS rejected,
    greatest(coalesce(t, 0) - i0 - o0 - cached_beside - tu - (z - z_inside), 0) AS gap
  FROM split
), gaps AS (
  SELECT *,
    -- an OpenAI-compatible endpoint of Google hides its thinking in the total
    CASE WHEN gap > 0 AND z = 0 AND o IS NOT NULL AND (provider IN ('google', 'gemini', 'vertex_ai', 'vertex') OR contains(model, 'gemini'))
         THEN gap ELSE 0 END AS hidden_z
  FROM parts
)
SELECT
  file, source, nullif(id, '') AS request_id, line_digest, part, nullif(alias, '') AS alias, nullif(span, '') AS span, coalesce(snapshot, false) AS snapshot, started_us AS ts_us,
  CASE WHEN ended_us >= started_us THEN (ended_us - started_us) // 1000 ELSE milliseconds(latency_ms) END AS latency_ms,
  CASE WHEN first_token_us >= started_us THEN (first_token_us - started_us) // 1000 ELSE milliseconds(ttft_ms) END AS ttft_ms,
  CASE WHEN kind_said IS NOT NULL THEN kind_said WHEN cache_hit THEN 'cache_hit' WHEN outcome = 'success' THEN 'call' ELSE 'attempt' END AS kind,
  outcome AS status,
  CASE WHEN outcome = 'cancelled' THEN 'user_choice'
       WHEN outcome = 'error' THEN coalesce(error_kind_of(error_class, code, error_message), 'unknown')
       WHEN is_blocked(finish_reason) THEN 'content_filter' WHEN finish_reason = 'model_context_window_exceeded' THEN 'context_length' END AS error_kind,
  CASE WHEN outcome <> 'success' THEN coalesce(nullif(code, ''), nullif(error_class, '')) END AS error_code,
  nullif(finish_reason, '') AS finish_reason,
  nullif(chain, '') AS chain, whole(chain_step) AS chain_step, nullif(chain_reason, '') AS chain_reason,
  whole(fallbacks) AS fallbacks, CASE WHEN fallback_from <> model_group THEN nullif(fallback_from, '') END AS fallback_from,
  n AS requests, nullif(provider, '') AS provider, nullif(model, '') AS model, nullif(model_requested, '') AS model_requested, nullif(model_group, '') AS model_group,
  nullif(operation, '') AS operation, nullif(service_tier, '') AS service_tier, nullif(speed, '') AS speed, nullif(region, '') AS region, nullif(inference_geo, '') AS inference_geo,
  nullif("user", '') AS "user", nullif(plan, '') AS plan, nullif(key, '') AS key, nullif(agent, '') AS agent, nullif(feature, '') AS feature, nullif(team, '') AS team,
  nullif(project, '') AS project, nullif(environment, '') AS environment, nullif(session, '') AS session, nullif(turn, '') AS turn, nullif(trace, '') AS trace, nullif(parent, '') AS parent,
  tag_list, facts, more_facts,
  i0 - cached_inside - audio_in - image_in - video_in AS fresh_input_tokens,
  r - audio_read - image_read AS cache_read_tokens,
  write_5m AS cache_write_5m_tokens, w1 AS cache_write_1h_tokens, w12 AS cache_write_12h_tokens,
  greatest(w - write_5m - w1 - w12, 0) AS cache_write_other_tokens,
  audio_in AS audio_input_tokens, audio_read AS audio_cache_read_tokens, image_in AS image_input_tokens, image_read AS image_cache_read_tokens,
  video_in AS video_input_tokens, tu AS tool_use_tokens,
  o0 - z_inside - audio_out - image_out - rejected AS text_output_tokens,
  z + hidden_z AS reasoning_tokens,
  audio_out AS audio_output_tokens, image_out AS image_output_tokens, rejected AS rejected_prediction_tokens,
  gap - hidden_z AS unexplained_tokens,
  CASE WHEN searches > 0 THEN map_concat(coalesce(units, MAP {}), MAP {'web_search': CAST(searches AS DECIMAL(18, 6))}) ELSE units END AS units,
  CASE WHEN (i IS NULL AND o IS NULL AND NOT used_something) OR (NOT used_something AND outcome = 'success' AND NOT coalesce(cache_hit, false)) THEN 'missing'
       WHEN i IS NULL OR (o IS NULL AND coalesce(operation NOT LIKE '%embed%', true)) OR (usage_partial AND used_something) THEN 'partial'
       ELSE 'exact' END AS usage_quality,
  CASE WHEN 'assumed' IN (cache_basis, reasoning_basis) OR NOT inputs_fit OR NOT outputs_fit THEN 'assumed'
       WHEN 'arithmetic' IN (cache_basis, reasoning_basis) OR hidden_z > 0 THEN 'arithmetic' ELSE 'declared' END AS usage_basis,
  cache_basis = 'assumed' AS cache_assumed, reasoning_basis = 'assumed' AS reasoning_assumed,
  usd(source_cost, source_cost_unit) AS source_cost, CASE WHEN usd(source_cost, source_cost_unit) IS NOT NULL THEN source_cost_kind END AS source_cost_kind,
  -- a keyed digest: equal prompts are seen to be equal, and nothing else can be learned
  left(sha256(getvariable('prompt_key') || prompt), 32) AS prompt_hash,
  prefix_blocks, scores, nullif(task, '') AS task,
  coalesce(bad_value, CASE WHEN n = 1 AND greatest(i0, o0, r, w, z) > 1000000000 THEN 'tokens: more than one request can hold' END) AS problem,
  skip, doubt
FROM gaps
