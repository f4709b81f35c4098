-- one row is one new request in the shape of the ledger, not yet priced; a temporary view that charges.sql reads as `requests`
CREATE OR REPLACE TEMP VIEW requests AS
SELECT
  a.final_id AS request_id, a.source, a.final_file AS file, a.final_line AS line,
  coalesce(a.old_seq, CASE WHEN getvariable('keep_seq') THEN a.given_seq ELSE a.row_no + 1 END + getvariable('base_seq')) AS seq,
  make_timestamp(coalesce(a.ts_us, getvariable('default_ts_us'))) AS ts, coalesce(a.ts_us, getvariable('default_ts_us')) AS ts_us, a.latency_ms, a.ttft_ms,
  a.kind, a.status, a.error_kind, a.error_code, a.finish_reason,
  -- a gateway that says it fell back, but not after what: the step is known, the reason is not; or that a router chose the model
  CASE WHEN a.chain IS NULL AND (fell_back(a.fallbacks, a.fallback_from) OR a.chain_reason = 'policy' OR asks_a_router(a.model_requested)) THEN a.final_id ELSE a.chain END AS chain,
  CASE WHEN a.chain IS NOT NULL THEN a.chain_step WHEN fell_back(a.fallbacks, a.fallback_from) THEN greatest(coalesce(a.fallbacks, 1), 1) + 1
       WHEN a.chain_reason = 'policy' OR asks_a_router(a.model_requested) THEN 1 ELSE a.chain_step END AS chain_step,
  CASE WHEN a.chain IS NOT NULL THEN a.chain_reason WHEN fell_back(a.fallbacks, a.fallback_from) THEN 'unknown' WHEN asks_a_router(a.model_requested) THEN 'policy' ELSE a.chain_reason END AS chain_reason,
  a.requests, a.provider, a.model, a.model_requested, a.model_group, a.operation, a.service_tier, a.speed, a.region, a.inference_geo,
  a."user", a.plan, a.key, a.agent, a.feature, a.team, a.project, a.environment, a.session, a.turn, a.trace, a.parent, a.tags,
  a.fresh_input_tokens, a.cache_read_tokens, a.cache_write_5m_tokens, a.cache_write_1h_tokens, a.cache_write_12h_tokens, a.cache_write_other_tokens,
  a.audio_input_tokens, a.audio_cache_read_tokens, a.image_input_tokens, a.image_cache_read_tokens, a.video_input_tokens, a.tool_use_tokens,
  a.text_output_tokens, a.reasoning_tokens, a.audio_output_tokens, a.image_output_tokens, a.rejected_prediction_tokens, a.unexplained_tokens,
  a.units, a.usage_quality, a.usage_basis, a.source_cost, a.source_cost_kind,
  CAST(NULL AS DECIMAL(18, 12)) AS cost, CAST(NULL AS VARCHAR) AS price_id, CAST(NULL AS VARCHAR) AS unpriced_reason,
  a.prompt_hash, a.prefix_blocks, a.scores, a.task
FROM landing a;
