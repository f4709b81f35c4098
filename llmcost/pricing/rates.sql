-- the three small tables that charges.sql joins: names to price keys, price keys to rates in their boxes, units to rates;
-- and of each combination of names what bills it, one line per box, to tell later whether that changed
-- rates are integer pico-dollars x denominator per token; where the price names no rate, 0 and a bit of `lacks`, the n-th for the n-th column
-- tiered: the rates depend on the size of the request; assumed: the terms are not sold and billed as standard;
-- reason: why nothing is billed by it, though there is a price; once: charged once per request, however many units
CREATE OR REPLACE TEMP TABLE price_keys (
  provider VARCHAR, model VARCHAR, service_tier VARCHAR, speed VARCHAR, region VARCHAR, inference_geo VARCHAR,
  price_key BIGINT, reason VARCHAR, undated_us BIGINT
);
CREATE OR REPLACE TEMP TABLE rates (
  price_key BIGINT, price_id VARCHAR, since_us BIGINT, until_us BIGINT, week_from_s BIGINT, week_until_s BIGINT,
  size_from BIGINT, size_until BIGINT, denominator HUGEINT, lacks BIGINT, tiered BOOLEAN, assumed BOOLEAN, reason VARCHAR,
  fresh_input_tokens HUGEINT, cache_read_tokens HUGEINT, cache_write_5m_tokens HUGEINT,
  cache_write_1h_tokens HUGEINT, cache_write_12h_tokens HUGEINT, cache_write_other_tokens HUGEINT,
  audio_input_tokens HUGEINT, audio_cache_read_tokens HUGEINT, image_input_tokens HUGEINT,
  image_cache_read_tokens HUGEINT, video_input_tokens HUGEINT, tool_use_tokens HUGEINT,
  text_output_tokens HUGEINT, reasoning_tokens HUGEINT, audio_output_tokens HUGEINT,
  image_output_tokens HUGEINT, rejected_prediction_tokens HUGEINT
);
CREATE OR REPLACE TEMP TABLE unit_rates (price_id VARCHAR, unit VARCHAR, pico HUGEINT, once BOOLEAN);
CREATE OR REPLACE TEMP TABLE priced_now (
  provider VARCHAR, model VARCHAR, service_tier VARCHAR, speed VARCHAR, region VARCHAR, inference_geo VARCHAR, prices VARCHAR
);
