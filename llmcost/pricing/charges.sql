-- one row is one request with its cost: the one query that prices any relation shaped like `requests`
-- reads `requests` (the table, or a temporary view that shadows it), `price_keys` and `rates`, `unit_rates`
-- cost = sum(tokens x rate), in integer pico-dollars, rounded once per request (half-even); what cannot be priced is null, with a reason
WITH sized AS NOT MATERIALIZED (
  SELECT r.*,
    k.price_key AS key_found, k.reason AS key_reason,
    coalesce(r.ts_us, k.undated_us) AS at_us,
    ((coalesce(r.ts_us, k.undated_us) // 1000000) + 259200) % 604800 AS week_s,
    CASE WHEN r.requests > 1 THEN 0 ELSE
      r.fresh_input_tokens + r.cache_read_tokens + r.cache_write_5m_tokens + r.cache_write_1h_tokens + r.cache_write_12h_tokens
      + r.cache_write_other_tokens + r.audio_input_tokens + r.audio_cache_read_tokens + r.image_input_tokens + r.image_cache_read_tokens
      + r.video_input_tokens + r.tool_use_tokens END AS size_tokens,
    r.fresh_input_tokens + r.cache_read_tokens + r.cache_write_5m_tokens + r.cache_write_1h_tokens + r.cache_write_12h_tokens
      + r.cache_write_other_tokens + r.audio_input_tokens + r.audio_cache_read_tokens + r.image_input_tokens + r.image_cache_read_tokens
      + r.video_input_tokens + r.tool_use_tokens + r.text_output_tokens + r.reasoning_tokens + r.audio_output_tokens
      + r.image_output_tokens + r.rejected_prediction_tokens AS all_tokens,
    -- most requests have none of these: what they would cost need not be looked at
    r.cache_write_5m_tokens + r.cache_write_1h_tokens + r.cache_write_12h_tokens + r.cache_write_other_tokens + r.audio_input_tokens
      + r.audio_cache_read_tokens + r.image_input_tokens + r.image_cache_read_tokens + r.video_input_tokens + r.tool_use_tokens
      + r.audio_output_tokens + r.image_output_tokens + r.rejected_prediction_tokens AS rare_tokens
  FROM requests r
  LEFT JOIN price_keys k
    ON k.provider IS NOT DISTINCT FROM r.provider AND k.model IS NOT DISTINCT FROM r.model
    AND k.service_tier IS NOT DISTINCT FROM r.service_tier AND k.speed IS NOT DISTINCT FROM r.speed
    AND k.region IS NOT DISTINCT FROM r.region AND k.inference_geo IS NOT DISTINCT FROM r.inference_geo
), rated AS NOT MATERIALIZED (
  SELECT s.*,
    p.price_id AS rate_id, p.denominator, p.tiered, p.assumed,
    -- rates are HUGEINT, so no product or sum can overflow
    s.fresh_input_tokens * p.fresh_input_tokens + s.cache_read_tokens * p.cache_read_tokens
      + s.text_output_tokens * p.text_output_tokens + s.reasoning_tokens * p.reasoning_tokens
      + CASE WHEN s.rare_tokens = 0 THEN 0 ELSE
        s.cache_write_5m_tokens * p.cache_write_5m_tokens + s.cache_write_1h_tokens * p.cache_write_1h_tokens
        + s.cache_write_12h_tokens * p.cache_write_12h_tokens + s.cache_write_other_tokens * p.cache_write_other_tokens
        + s.audio_input_tokens * p.audio_input_tokens + s.audio_cache_read_tokens * p.audio_cache_read_tokens
        + s.image_input_tokens * p.image_input_tokens + s.image_cache_read_tokens * p.image_cache_read_tokens
        + s.video_input_tokens * p.video_input_tokens + s.tool_use_tokens * p.tool_use_tokens
        + s.audio_output_tokens * p.audio_output_tokens + s.image_output_tokens * p.image_output_tokens
        + s.rejected_prediction_tokens * p.rejected_prediction_tokens END AS token_pico,
    -- a rate that the price lacks is 0 above and a bit of `lacks`: asking every rate whether it is there costs a seventh of the whole query
    CASE WHEN p.price_id IS NULL OR p.reason IS NOT NULL THEN p.reason
         WHEN s.fresh_input_tokens > 0 AND p.lacks & 1 > 0 THEN 'no rate for input'
         WHEN s.cache_read_tokens > 0 AND p.lacks & 2 > 0 THEN 'no rate for cache_read'
         WHEN s.text_output_tokens > 0 AND p.lacks & 4096 > 0 THEN 'no rate for output'
         WHEN s.reasoning_tokens > 0 AND p.lacks & 8192 > 0 THEN 'no rate for reasoning'
         WHEN s.rare_tokens = 0 THEN NULL
         WHEN (s.cache_write_5m_tokens > 0 AND p.lacks & 4 > 0) OR (s.cache_write_1h_tokens > 0 AND p.lacks & 8 > 0)
           OR (s.cache_write_12h_tokens > 0 AND p.lacks & 16 > 0) OR (s.cache_write_other_tokens > 0 AND p.lacks & 32 > 0)
           THEN 'no rate for cache_write'
         WHEN s.audio_input_tokens > 0 AND p.lacks & 64 > 0 THEN 'no rate for audio_input'
         WHEN s.audio_cache_read_tokens > 0 AND p.lacks & 128 > 0 THEN 'no rate for audio_cache_read'
         WHEN s.image_input_tokens > 0 AND p.lacks & 256 > 0 THEN 'no rate for image_input'
         WHEN s.image_cache_read_tokens > 0 AND p.lacks & 512 > 0 THEN 'no rate for image_cache_read'
         WHEN s.video_input_tokens > 0 AND p.lacks & 1024 > 0 THEN 'no rate for video_input'
         WHEN s.tool_use_tokens > 0 AND p.lacks & 2048 > 0 THEN 'no rate for tool_use'
         WHEN s.audio_output_tokens > 0 AND p.lacks & 16384 > 0 THEN 'no rate for audio_output'
         WHEN s.image_output_tokens > 0 AND p.lacks & 32768 > 0 THEN 'no rate for image_output'
         WHEN s.rejected_prediction_tokens > 0 AND p.lacks & 65536 > 0 THEN 'no rate for rejected_prediction'
    END AS rate_reason
  FROM sized s
  LEFT JOIN rates p
    ON p.price_key = s.key_found AND s.at_us >= p.since_us AND s.at_us < p.until_us
    AND s.week_s >= p.week_from_s AND s.week_s < p.week_until_s AND s.size_tokens >= p.size_from AND s.size_tokens < p.size_until
), used_units AS (
  SELECT seq, entry.key AS unit, entry.value AS quantity
  FROM (SELECT seq, unnest(map_entries(units)) AS entry FROM requests WHERE units IS NOT NULL)
), unit_costs AS (
  -- quantities have six decimals: x 1,000,000 makes them whole
  -- a fee charged once per request is charged at most once for each request of an aggregated row
  SELECT r.seq,
    sum(CAST(CAST(CASE WHEN v.once THEN least(u.quantity, r.requests) ELSE u.quantity END * 1000000 AS HUGEINT) * v.pico AS HUGEINT)) AS micro_pico,
    coalesce(bool_or(v.once), false) AS once,
    min(CASE WHEN v.pico IS NULL AND u.quantity > 0 THEN 'no rate for unit ' || u.unit END) AS unit_reason
  FROM (SELECT seq, requests, rate_id FROM rated WHERE units IS NOT NULL) r JOIN used_units u ON u.seq = r.seq
  LEFT JOIN unit_rates v ON v.price_id = r.rate_id AND v.unit = u.unit
  GROUP BY r.seq
), summed AS (
  SELECT r.*, c.unit_reason,
    r.assumed OR (r.requests > 1 AND (r.tiered OR coalesce(c.once, false))) AS approximate,
    -- most rates are whole pico-dollars and most requests have tokens only: then nothing is left to round
    r.denominator = 1 AND c.seq IS NULL AS is_whole,
    CASE WHEN r.denominator = 1 AND c.seq IS NULL THEN NULL ELSE r.token_pico * 1000000 + coalesce(c.micro_pico, 0) END AS micro_pico,
    CASE WHEN r.denominator = 1 AND c.seq IS NULL THEN NULL ELSE CAST(r.denominator AS HUGEINT) * 1000000 END AS divisor
  FROM rated r LEFT JOIN unit_costs c ON c.seq = r.seq
), rounded AS (
  SELECT *,
    CASE WHEN is_whole THEN token_pico
         ELSE micro_pico // divisor
           + CASE WHEN 2 * (micro_pico % divisor) > divisor
                    OR (2 * (micro_pico % divisor) = divisor AND (micro_pico // divisor) % 2 = 1) THEN 1 ELSE 0 END
    END AS pico
  FROM summed
), judged AS (
  SELECT *,
    CASE WHEN kind = 'cache_hit' OR (kind = 'attempt' AND all_tokens = 0 AND units IS NULL) THEN 'free'
         WHEN usage_quality = 'missing' THEN 'usage missing'
         WHEN key_found IS NULL THEN key_reason
         WHEN at_us IS NULL THEN 'undated'
         WHEN rate_id IS NULL THEN 'no price at that time'
         WHEN rate_reason IS NOT NULL THEN rate_reason
         WHEN unit_reason IS NOT NULL THEN unit_reason
         WHEN pico >= 999999999999999999 THEN 'cost above 999,999.99 USD'
    END AS verdict
  FROM rounded
)
SELECT * EXCLUDE (key_found, key_reason, at_us, week_s, size_tokens, all_tokens, rare_tokens, rate_id, denominator, tiered, assumed, token_pico, rate_reason,
                  unit_reason, approximate, is_whole, micro_pico, divisor, pico, verdict, cost, price_id, unpriced_reason, usage_basis),
  CASE WHEN verdict IS NULL AND approximate THEN 'assumed' ELSE usage_basis END AS usage_basis,
  CASE WHEN verdict = 'free' THEN 0::DECIMAL(18, 12)
       WHEN verdict IS NULL THEN CAST(CAST(pico AS BIGINT) * 0.000000000001::DECIMAL(12, 12) AS DECIMAL(18, 12))
  END AS cost,
  CASE WHEN verdict IS NULL THEN rate_id END AS price_id,
  CASE WHEN verdict <> 'free' THEN verdict END AS unpriced_reason
FROM judged
