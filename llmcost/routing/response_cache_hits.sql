-- one row: what a cache of whole answers would have saved; a hit saves all that its request costs
SELECT (SELECT count(*) FROM response_requests), count(*), coalesce(sum(r.cost), 0), count(*) FILTER (WHERE r.cost IS NULL),
  (SELECT count(*) FROM response_requests WHERE prompt_hash IS NULL OR ts_us IS NULL)
FROM response_hits h JOIN response_requests r ON r.seq = h.seq
