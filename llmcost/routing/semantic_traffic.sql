-- the only row: text tokens of the prompts of one rule that its exact cache does not answer, and when the first and the last came
SELECT CAST(coalesce(sum(fresh_input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_write_12h_tokens
  + cache_write_other_tokens), 0) AS BIGINT), min(ts_us), max(ts_us)
FROM ({placed}) p ANTI JOIN response_hits h ON h.seq = p.seq
WHERE rule = $rule AND kind = 'call'
