-- one row is one call with a time, what its provider's cache read and wrote, and what of the write nobody read again
-- who asks is the conversation, else the agent: a write counts as read when a later request of the same one reads more than this
-- one did while the entry lives, and every request keeps it alive. `renewed` is what another hour would have held: written again
-- after more than five minutes and within an hour, although the request before had it in the cache
CREATE OR REPLACE TEMP TABLE routing_measured AS
WITH calls AS (
  SELECT seq, ts_us, provider, model, rt_agent AS agent, cost, input_tokens, cache_read_tokens AS read, cache_write_tokens AS written,
    cache_write_5m_tokens AS written_5m, coalesce('s' || rt_session, 'a' || rt_agent, '') AS asker,
    CASE WHEN cache_write_12h_tokens > 0 THEN 43200000000 WHEN cache_write_1h_tokens > 0 THEN 3600000000
      WHEN cache_write_other_tokens > 0 THEN 1800000000 ELSE 300000000 END AS lives_us
  FROM ({attributed})
  WHERE rt_scope = 'production' AND kind = 'call' AND requests = 1 AND ts_us IS NOT NULL
), writers AS (
  SELECT DISTINCT provider, model FROM calls WHERE written > 0
), followed AS (
  SELECT c.*, ts_us - lag(ts_us) OVER turn AS gap_us, lag(read + written) OVER turn AS held, max(lives_us) OVER (PARTITION BY provider, model, asker) AS longest_us
  FROM calls c
  WHERE EXISTS (FROM writers w WHERE w.provider IS NOT DISTINCT FROM c.provider AND w.model IS NOT DISTINCT FROM c.model)
  WINDOW turn AS (PARTITION BY provider, model, asker ORDER BY ts_us, seq)
), lives AS (
  SELECT *, sum(CASE WHEN gap_us <= longest_us THEN 0 ELSE 1 END) OVER (PARTITION BY provider, model, asker ORDER BY ts_us, seq) AS life FROM followed
)
SELECT seq, provider, model, agent, cost, input_tokens, read, written, written_5m,
  greatest(written - greatest(coalesce(max(read) OVER later, 0) - read, 0), 0) AS never_read,
  CASE WHEN gap_us > 300000000 AND gap_us <= 3600000000 THEN greatest(least(written_5m, least(held, input_tokens) - read), 0) ELSE 0 END AS renewed
FROM lives
WINDOW later AS (PARTITION BY provider, model, asker, life ORDER BY ts_us, seq ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
UNION ALL
SELECT seq, provider, model, agent, cost, input_tokens, read, 0, 0, 0, 0 FROM calls c
WHERE NOT EXISTS (FROM writers w WHERE w.provider IS NOT DISTINCT FROM c.provider AND w.model IS NOT DISTINCT FROM c.model)
