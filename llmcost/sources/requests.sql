-- one row is one new request in the shape of the ledger, not yet priced; a temporary view that charges.sql reads as `requests`
CREATE OR REPLACE TEMP VIEW requests AS
SELECT
  a.final_id AS request_id, a.source, a.final_file AS file, a.final_line AS line,
  CASE WHEN getvariable('keep_seq') THEN a.given_seq ELSE a.row_no + 1 END + getvariable('base_seq') AS seq,
  make_timestamp(coalesce(a.ts_us, getvariable('default_ts_us'))) AS ts, coalesce(a.ts_us, getvariable('default_ts_us')) AS ts_us, a.latency_ms, a.ttft_ms,
  a.kind, a.status, a.error_kind, a.error_code, a.finish_reason,
  -- a gateway that says it fell back, but not after what: the step is known, the reason is not
  CASE WHEN a.chain IS NULL AND (a.fallbacks > 0 OR a.fallback_from IS NOT NULL) THEN a.final_id ELSE a.chain END AS chain,
  CASE WHEN a.chain IS NULL AND (a.fallbacks > 0 OR a.fallback_from IS NOT NULL) THEN greatest(coalesce(a.fallbacks, 1), 1) + 1 ELSE a.chain_step END AS chain_step,
  CASE WHEN a.chain IS NULL AND (a.fallbacks > 0 OR a.fallback_from IS NOT NULL) THEN 'unknown' ELSE a.chain_reason END AS chain_reason,
  a.requests, a.provider, a.model, a.model_requested, a.model_group, a.operation, a.service_tier, a.speed, a.region, a.inference_geo,
  coalesce(a."user", s.tag_user) AS "user", coalesce(a.plan, s.tag_plan) AS plan, a.key,
  coalesce(a.agent, s.tag_agent) AS agent, coalesce(a.feature, s.tag_feature) AS feature, coalesce(a.team, s.tag_team) AS team,
  coalesce(a.project, s.tag_project) AS project, coalesce(a.environment, s.tag_environment) AS environment,
  coalesce(a.session, s.tag_session) AS session, coalesce(a.turn, s.tag_turn) AS turn, a.trace, a.parent,
  coalesce(a.tags, s.tags, MAP {}) AS tags,
  a.fresh_input_tokens, a.cache_read_tokens, a.cache_write_5m_tokens, a.cache_write_1h_tokens, a.cache_write_12h_tokens, a.cache_write_other_tokens,
  a.audio_input_tokens, a.audio_cache_read_tokens, a.image_input_tokens, a.image_cache_read_tokens, a.video_input_tokens, a.tool_use_tokens,
  a.text_output_tokens, a.reasoning_tokens, a.audio_output_tokens, a.image_output_tokens, a.rejected_prediction_tokens, a.unexplained_tokens,
  a.units, a.usage_quality, a.usage_basis, a.source_cost, a.source_cost_kind,
  CAST(NULL AS DECIMAL(18, 12)) AS cost, CAST(NULL AS VARCHAR) AS price_id, CAST(NULL AS VARCHAR) AS unpriced_reason,
  a.prompt_hash, a.prefix_blocks, a.scores, coalesce(a.task, s.tag_task) AS task
FROM arrivals a
LEFT JOIN tag_sets s
  ON s.tag_list IS NOT DISTINCT FROM a.tag_list AND s.facts IS NOT DISTINCT FROM a.facts AND s.more_facts IS NOT DISTINCT FROM a.more_facts
WHERE NOT EXISTS (FROM folded d WHERE d.row_no = a.row_no)
  AND NOT EXISTS (FROM known k WHERE k.row_no = a.row_no AND NOT k.better);
