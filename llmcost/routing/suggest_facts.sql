-- one row is one feature on one model, dearest first, with what the standard moves look for
SELECT rt_feature, provider, model, min(operation) = 'embeddings' AND max(operation) = 'embeddings', sum(cost),
  count(rt_user) > 0 OR count(ttft_ms) > 0 AS is_waited_for,
  count(*) FILTER (WHERE kind = 'attempt'), count(*) FILTER (WHERE len(prefix_blocks) > 0),
  count(prompt_hash) - count(DISTINCT prompt_hash || ' ' || input_tokens),
  -- means and variances of scores are statistics, not money
  count(own_score), CAST(avg(own_score) AS DOUBLE), CAST(var_samp(own_score) AS DOUBLE)
FROM ({attributed}) WHERE rt_scope = 'production' AND requests = 1 AND billed_requests = 1
GROUP BY ALL ORDER BY sum(cost) DESC NULLS LAST, rt_feature, provider, model
