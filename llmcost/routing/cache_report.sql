-- one row is one model and agent with what its prompt cache did, dearest first; money as it is, without the surcharge of writes
-- that nobody read, and with every write of five minutes made for an hour. charges.sql reads the relation that is called `requests`
WITH written AS (
  SELECT m.seq AS base_seq, m.never_read, m.renewed, r.*
  FROM routing_measured m JOIN requests r ON r.seq = m.seq WHERE m.written > 0
), spared AS (
  -- what is left of the unread part after each kind of write has given what it can
  SELECT *, least(never_read, cache_write_5m_tokens) AS s_5m, least(greatest(never_read - cache_write_5m_tokens, 0), cache_write_1h_tokens) AS s_1h,
    least(greatest(never_read - cache_write_5m_tokens - cache_write_1h_tokens, 0), cache_write_12h_tokens) AS s_12h
  FROM written
), requests AS NOT MATERIALIZED (
  SELECT * REPLACE (seq * 4 AS seq), 0 AS variant FROM spared
  UNION ALL
  SELECT * REPLACE (seq * 4 + 1 AS seq, fresh_input_tokens + never_read AS fresh_input_tokens, cache_write_5m_tokens - s_5m AS cache_write_5m_tokens,
    cache_write_1h_tokens - s_1h AS cache_write_1h_tokens, cache_write_12h_tokens - s_12h AS cache_write_12h_tokens,
    cache_write_other_tokens - (never_read - s_5m - s_1h - s_12h) AS cache_write_other_tokens), 1 FROM spared
  UNION ALL
  SELECT * REPLACE (seq * 4 + 2 AS seq, cache_read_tokens + renewed AS cache_read_tokens, 0 AS cache_write_5m_tokens,
    cache_write_1h_tokens + cache_write_5m_tokens - renewed AS cache_write_1h_tokens), 2 FROM spared WHERE cache_write_5m_tokens > 0
), costs AS (
  SELECT base_seq, any_value(cost) FILTER (WHERE variant = 0) AS now, any_value(cost) FILTER (WHERE variant = 1) AS spared,
    any_value(cost) FILTER (WHERE variant = 2) AS longer
  FROM ({charges}) GROUP BY base_seq
)
SELECT m.provider, m.model, m.agent, count(*), CAST(sum(m.input_tokens) AS BIGINT), CAST(sum(m.read) AS BIGINT), CAST(sum(m.written) AS BIGINT),
  CAST(sum(m.never_read) AS BIGINT), CAST(sum(m.written_5m) AS BIGINT), sum(m.cost),
  CASE WHEN count(*) FILTER (WHERE m.written > 0 AND (c.now IS NULL OR c.spared IS NULL)) = 0 THEN coalesce(sum(c.now - c.spared), 0) END,
  CASE WHEN count(*) FILTER (WHERE m.written_5m > 0 AND (c.now IS NULL OR c.longer IS NULL)) = 0 THEN coalesce(sum(c.longer - c.now), 0) END
FROM routing_measured m LEFT JOIN costs c ON c.base_seq = m.seq
GROUP BY ALL HAVING sum(m.read) > 0 OR sum(m.written) > 0
ORDER BY sum(m.cost) DESC NULLS LAST, m.provider, m.model, m.agent
