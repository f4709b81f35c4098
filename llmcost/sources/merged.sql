-- one row is one row of a request that several rows tell about: of this batch, or of the ledger (which have their `old_seq`)
-- in the order of what they tell: usage beats none, a call beats the gateway's cache, more output beats less, finer parts beat coarser, later beats earlier
CREATE OR REPLACE TEMP TABLE members AS
WITH keys AS (
  SELECT fold_key FROM candidates SEMI JOIN folded USING (row_no)
  UNION SELECT fold_key FROM known
), every AS (
  SELECT *, CAST(NULL AS BIGINT) AS old_seq, 0 AS is_old FROM arrivals SEMI JOIN keys USING (fold_key)
  UNION ALL BY NAME
  SELECT t.* EXCLUDE (ts, line, seq, cost, price_id, unpriced_reason), k.final_id, t.file AS final_file, t.line AS final_line,
    t.seq AS old_seq, 1 AS is_old, k.fold_key, t.source IN (SELECT source FROM candidates WHERE snapshot) AS snapshot
  FROM target.requests t JOIN (SELECT DISTINCT seq, fold_key, final_id FROM known) k ON k.seq = t.seq
)
SELECT *, row_number() OVER (
  PARTITION BY fold_key
  ORDER BY unfinished(usage_quality, status), usage_quality = 'partial', kind = 'cache_hit',
    text_output_tokens + reasoning_tokens + audio_output_tokens + image_output_tokens DESC, fresh_input_tokens + cache_read_tokens DESC,
    (cache_read_tokens > 0)::INT + (cache_write_5m_tokens > 0)::INT + (cache_write_1h_tokens > 0)::INT + (reasoning_tokens > 0)::INT DESC,
    is_old DESC, coalesce(ts_us, 0) DESC, row_no
) AS rank
FROM every;

-- one row is one such request, made of them: the best row, with what only others know; of the states of one call each count is the largest
CREATE OR REPLACE TEMP TABLE merged AS
SELECT fold_key, min(old_seq) AS old_seq, any_value(row_no) FILTER (rank = 1) AS row_no,
  arg_min(COLUMNS(lambda c: c IN ('final_id', 'final_file', 'final_line', 'given_seq', 'user', 'plan', 'key', 'agent', 'feature', 'team', 'project', 'environment',
    'session', 'turn', 'trace', 'parent', 'task', 'tags', 'provider', 'model', 'model_requested', 'model_group', 'operation', 'service_tier', 'speed', 'region',
    'inference_geo', 'latency_ms', 'ttft_ms', 'finish_reason', 'chain', 'chain_step', 'chain_reason', 'source_cost', 'source_cost_kind', 'prompt_hash',
    'prefix_blocks', 'scores')), rank),
  CASE WHEN any_value(snapshot) FILTER (rank = 1) THEN min(ts_us) ELSE arg_min(ts_us, rank) END AS ts_us,
  CASE WHEN any_value(snapshot) FILTER (rank = 1) THEN max(COLUMNS('_tokens$')) FILTER (snapshot) ELSE any_value(COLUMNS('_tokens$')) FILTER (rank = 1) END,
  any_value(COLUMNS(lambda c: c IN ('source', 'kind', 'status', 'error_kind', 'error_code', 'requests', 'units', 'usage_quality', 'usage_basis', 'cache_assumed', 'reasoning_assumed', 'fallbacks', 'fallback_from')))
    FILTER (rank = 1)
FROM members
GROUP BY fold_key;

-- one row is one row of the ledger that makes way: what came tells more about its request, it repeats children that came now, or its session's transcript came
CREATE OR REPLACE TEMP TABLE outdone AS
SELECT unnest([k.seq, m.old_seq]) AS seq
FROM merged m JOIN target.requests t ON t.seq = m.old_seq JOIN (SELECT DISTINCT seq, fold_key FROM known) k ON k.fold_key = m.fold_key
WHERE k.seq <> m.old_seq OR (t.request_id, t.source, t.kind, t.status, t.ts_us, t."user", t.plan, t.key, t.agent, t.feature, t.team, t.project, t.environment, t.session, t.turn, t.trace,
    t.provider, t.model, t.service_tier, t.speed, t.inference_geo, t.usage_quality, t.source_cost, t.prompt_hash, t.finish_reason, t.latency_ms,
    t.fresh_input_tokens, t.cache_read_tokens, t.cache_write_5m_tokens, t.cache_write_1h_tokens, t.text_output_tokens, t.reasoning_tokens)
  IS DISTINCT FROM (m.final_id, m.source, m.kind, m.status, m.ts_us, m."user", m.plan, m.key, m.agent, m.feature, m.team, m.project, m.environment, m.session, m.turn, m.trace,
    m.provider, m.model, m.service_tier, m.speed, m.inference_geo, m.usage_quality, m.source_cost, m.prompt_hash, m.finish_reason, m.latency_ms,
    m.fresh_input_tokens, m.cache_read_tokens, m.cache_write_5m_tokens, m.cache_write_1h_tokens, m.text_output_tokens, m.reasoning_tokens)
UNION
SELECT t.seq
FROM climbs c JOIN spans s ON s.row_no = c.row_no AND s.used JOIN target.requests t ON t.trace = c.trace AND t.request_id IN (c.above, c.trace || ':' || c.above)
WHERE t.kind <> 'iteration'
UNION
SELECT seq FROM target.requests WHERE source = 'otlp_logs' AND session IN (SELECT session FROM candidates WHERE is_transcript(source));

-- one row is one request that is added to the ledger
CREATE OR REPLACE TEMP VIEW survivors AS
SELECT *, CAST(NULL AS BIGINT) AS old_seq FROM arrivals ANTI JOIN members USING (fold_key)
UNION ALL BY NAME
FROM merged WHERE old_seq IS NULL OR old_seq IN (SELECT seq FROM outdone)
