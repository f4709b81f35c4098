-- one row: what the cache did in all
SELECT count(*), count(*) FILTER (WHERE hit_tokens > 0), coalesce(sum(len(r.prefix_blocks)), 0), coalesce(sum(hit_blocks), 0),
  coalesce(sum(r.input_tokens), 0), coalesce(sum(hit_tokens), 0), coalesce(sum(cache_read_tokens), 0), count(*) FILTER (WHERE cache_read_tokens > 0),
  coalesce(sum(cache_write_5m_tokens + cache_write_1h_tokens + cache_write_other_tokens), 0),
  count(*) FILTER (WHERE basis = 'turns'), count(*) FILTER (WHERE basis = 'none')
FROM cache_outcome o JOIN cache_requests r ON r.seq = o.seq
