-- one row is one request as the policy would have sent it, shaped like `requests`; what stays as logged (`is_kept`) keeps its cost
-- a request that goes to another model starts there without a cache; tokens are those of its alternative in the log, else scaled
WITH placed AS ({placed}), moved AS (
  SELECT r.*, m.number, m.target, m.part, m.variant, m.is_batch, m.add_cost, m.add_ms,
    p.logged, p.to_provider, p.to_model, p.first_us, p.latest_us, p.latency_ms AS usual_ms,
    p.input_ppm, {ratios},
    m.part IN ('blocked', 'cached') AS is_blocked,
    m.part = 'verifier' AS is_verifier, m.verifier_input, m.verifier_output, m.verifier_fixed, m.verifier_answer,
    -- the tokens are the logged ones where the model is; the terms are, unless the policy sets its own price
    m.part <> 'verifier' AND (m.target = 0 OR p.stays) AS same_tokens,
    m.part <> 'verifier' AND (m.target = 0 OR (p.stays AND NOT p.own_price)) AS same_terms,
    r.fresh_input_tokens + r.cache_read_tokens + r.cache_write_5m_tokens + r.cache_write_1h_tokens + r.cache_write_12h_tokens
      + r.cache_write_other_tokens AS text_input
  FROM placed r
  JOIN routing_moves m ON m.rule = r.rule AND r.draw >= m.draw_from AND r.draw < m.draw_until AND r.chance >= m.chance_from AND r.chance < m.chance_until
  LEFT JOIN routing_pairs p
    ON p.target = m.target AND p.variant = m.variant AND p.provider IS NOT DISTINCT FROM r.provider AND p.model IS NOT DISTINCT FROM r.model
  {by_feature}
), found AS (
  SELECT m.*, a.seq AS other_seq, a.fresh_input_tokens AS a_fresh, a.cache_read_tokens AS a_read, a.cache_write_5m_tokens AS a_5m,
    a.cache_write_1h_tokens AS a_1h, a.cache_write_12h_tokens AS a_12h, a.cache_write_other_tokens AS a_write, a.audio_input_tokens AS a_audio,
    a.audio_cache_read_tokens AS a_audio_read, a.image_input_tokens AS a_image, a.image_cache_read_tokens AS a_image_read,
    a.video_input_tokens AS a_video, a.tool_use_tokens AS a_tool, a.text_output_tokens AS a_text, a.reasoning_tokens AS a_reasoning,
    a.audio_output_tokens AS a_audio_out, a.image_output_tokens AS a_image_out, a.rejected_prediction_tokens AS a_rejected,
    a.latency_ms AS a_ms, a.quality AS a_quality, a.units AS a_units,
    CASE WHEN m.is_blocked THEN 'none' WHEN m.same_tokens THEN 'same' WHEN m.is_verifier THEN 'verifier' WHEN a.seq IS NOT NULL THEN 'other' ELSE 'scaled' END AS basis
  FROM moved m
  LEFT JOIN routing_alternatives a ON a.pair = m.pair AND a.target = m.target AND NOT m.same_tokens AND NOT m.is_verifier
)
SELECT seq * 1024 + number AS seq, seq AS base_seq, rule, target, part, variant, basis, unit, feature, logged, add_cost,
  cost AS cost_logged, cache_read_tokens AS cache_read_logged, latency_ms AS latency_logged, quality_logged,
  same_terms AND NOT is_batch AND NOT is_blocked AS is_kept,
  CASE WHEN basis = 'same' THEN latency_ms WHEN basis = 'other' THEN a_ms WHEN basis = 'scaled' THEN usual_ms END + add_ms AS latency_ms,
  CASE WHEN part = 'blocked' THEN NULL WHEN basis = 'other' AND a_quality IS NOT NULL THEN a_quality ELSE {quality} END AS quality,
  CASE WHEN is_blocked THEN 'cache_hit' ELSE kind END AS kind, 1 AS requests, usage_quality, usage_basis,
  CASE WHEN same_terms THEN ts_us ELSE greatest(coalesce(ts_us, latest_us), first_us) END AS ts_us,
  CASE WHEN same_terms THEN provider ELSE to_provider END AS provider,
  CASE WHEN same_terms THEN model ELSE to_model END AS model,
  -- whoever waits for a batch waits for it on another model too
  CASE WHEN is_batch OR (lower(service_tier) = 'batch' AND NOT is_verifier) THEN 'batch' WHEN same_terms THEN service_tier END AS service_tier,
  CASE WHEN same_terms THEN speed END AS speed,
  CASE WHEN same_terms THEN region END AS region,
  CASE WHEN same_terms THEN inference_geo END AS inference_geo,
  CASE basis WHEN 'same' THEN fresh_input_tokens WHEN 'other' THEN a_fresh
    WHEN 'verifier' THEN (verifier_input * text_input + verifier_answer * text_output_tokens) * input_ppm // 1000000 + verifier_fixed
    WHEN 'scaled' THEN (text_input * input_ppm + 500000) // 1000000 ELSE 0 END AS fresh_input_tokens,
  CASE basis WHEN 'same' THEN cache_read_tokens WHEN 'other' THEN a_read ELSE 0 END AS cache_read_tokens,
  CASE basis WHEN 'same' THEN cache_write_5m_tokens WHEN 'other' THEN a_5m ELSE 0 END AS cache_write_5m_tokens,
  CASE basis WHEN 'same' THEN cache_write_1h_tokens WHEN 'other' THEN a_1h ELSE 0 END AS cache_write_1h_tokens,
  CASE basis WHEN 'same' THEN cache_write_12h_tokens WHEN 'other' THEN a_12h ELSE 0 END AS cache_write_12h_tokens,
  CASE basis WHEN 'same' THEN cache_write_other_tokens WHEN 'other' THEN a_write ELSE 0 END AS cache_write_other_tokens,
  CASE basis WHEN 'same' THEN audio_input_tokens WHEN 'other' THEN a_audio WHEN 'scaled' THEN audio_input_tokens + audio_cache_read_tokens ELSE 0 END AS audio_input_tokens,
  CASE basis WHEN 'same' THEN audio_cache_read_tokens WHEN 'other' THEN a_audio_read ELSE 0 END AS audio_cache_read_tokens,
  CASE basis WHEN 'same' THEN image_input_tokens WHEN 'other' THEN a_image WHEN 'scaled' THEN image_input_tokens + image_cache_read_tokens ELSE 0 END AS image_input_tokens,
  CASE basis WHEN 'same' THEN image_cache_read_tokens WHEN 'other' THEN a_image_read ELSE 0 END AS image_cache_read_tokens,
  CASE basis WHEN 'same' THEN video_input_tokens WHEN 'other' THEN a_video WHEN 'scaled' THEN video_input_tokens ELSE 0 END AS video_input_tokens,
  CASE basis WHEN 'same' THEN tool_use_tokens WHEN 'other' THEN a_tool WHEN 'scaled' THEN (tool_use_tokens * input_ppm + 500000) // 1000000 ELSE 0 END AS tool_use_tokens,
  CASE basis WHEN 'same' THEN text_output_tokens WHEN 'other' THEN a_text WHEN 'verifier' THEN verifier_output
    WHEN 'scaled' THEN (text_output_tokens * output_ppm + 500000) // 1000000 ELSE 0 END AS text_output_tokens,
  CASE basis WHEN 'same' THEN reasoning_tokens WHEN 'other' THEN a_reasoning WHEN 'verifier' THEN 0
    WHEN 'scaled' THEN (reasoning_tokens * reasoning_ppm + text_output_tokens * reasoning_of_output_ppm + 500000) // 1000000 ELSE 0 END AS reasoning_tokens,
  CASE basis WHEN 'same' THEN audio_output_tokens WHEN 'other' THEN a_audio_out WHEN 'scaled' THEN audio_output_tokens ELSE 0 END AS audio_output_tokens,
  CASE basis WHEN 'same' THEN image_output_tokens WHEN 'other' THEN a_image_out WHEN 'scaled' THEN image_output_tokens ELSE 0 END AS image_output_tokens,
  CASE basis WHEN 'same' THEN rejected_prediction_tokens WHEN 'other' THEN a_rejected ELSE 0 END AS rejected_prediction_tokens,
  {units} AS units,
  session, {prefix_blocks} AS prefix_blocks, {cache_scope} AS cache_scope,
  NULL::DECIMAL(18, 12) AS cost, NULL AS price_id, NULL AS unpriced_reason
FROM found
