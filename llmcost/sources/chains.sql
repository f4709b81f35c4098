-- rebuilds retries and fallbacks: a run of failed attempts and the success that ends it is one chain; step n exists because step n - 1 failed
-- looks at the traces (else sessions, else users with the same prompt) that this batch adds to and that hold a failed attempt
UPDATE target.requests AS t
SET chain = c.chain, chain_step = c.chain_step, chain_reason = c.chain_reason
FROM (
  WITH linked AS (
    SELECT seq, ts_us, kind, error_kind, request_id, chain, chain_reason,
      coalesce(trace, session, "user" || '|' || prompt_hash) AS link,
      -- calls of other components in the same trace are no retries of each other
      concat_ws('|', agent, feature, "user") AS lane,
      trace IS NULL AS loose
    FROM target.requests
    WHERE kind IN ('call', 'attempt') AND requests = 1 AND ts_us IS NOT NULL
  ), touched AS (
    SELECT link FROM linked WHERE link IS NOT NULL GROUP BY link
    HAVING max(seq) > getvariable('base_seq') AND count(*) FILTER (WHERE kind = 'attempt') > 0
  ), near AS (
    FROM linked SEMI JOIN touched USING (link)
  ), neighbours AS (
    SELECT *, lag(kind) OVER lane_order AS before_kind, lag(ts_us) OVER lane_order AS before_us
    FROM near
    -- a chain that the log itself recorded stands; ours are named after their first row
    WHERE chain IS NULL OR (link, chain) IN (SELECT (link, request_id) FROM near)
    WINDOW lane_order AS (PARTITION BY link, lane ORDER BY ts_us, seq)
  ), runs AS (
    -- a run ends with a success, and where only a session links the rows also with a pause of more than two minutes
    SELECT *, sum(CASE WHEN before_kind = 'call' OR (loose AND ts_us - before_us > 120000000) THEN 1 ELSE 0 END)
      OVER (PARTITION BY link, lane ORDER BY ts_us, seq) AS run
    FROM neighbours
  ), steps AS (
    SELECT seq, request_id, chain AS old_chain, chain_reason AS old_reason,
      first_value(request_id) OVER run_order AS chain, row_number() OVER run_order AS chain_step, lag(error_kind) OVER run_order AS chain_reason,
      count(*) OVER (PARTITION BY link, lane, run) AS length
    FROM runs
    WINDOW run_order AS (PARTITION BY link, lane, run ORDER BY ts_us, seq)
  )
  SELECT seq, chain, chain_step, chain_reason FROM steps WHERE length > 1
  UNION ALL
  -- a late row parted a run: who is alone now is no step of it any more
  SELECT seq, NULL, NULL, NULL FROM steps WHERE length = 1 AND old_chain IS NOT NULL AND NOT (old_chain = request_id AND coalesce(old_reason IN ('unknown', 'policy'), false))
) AS c
WHERE t.seq = c.seq AND (t.chain, t.chain_step, t.chain_reason) IS DISTINCT FROM (c.chain, c.chain_step, c.chain_reason)
