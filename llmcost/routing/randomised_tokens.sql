-- one row is one logged model and one feature of requests whose model was drawn at random: sums weighted by 1 / propensity (in millionths), from which mean tokens and their error follow
WITH drawn AS (
  SELECT provider, model, rt_feature AS feature,
    CAST(1000000000000 // (scores['propensity'] * 1000000)::BIGINT AS HUGEINT) AS w,
    fresh_input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_write_12h_tokens + cache_write_other_tokens AS input,
    text_output_tokens AS output, reasoning_tokens AS reasoning
  FROM ({attributed})
  WHERE kind = 'call' AND requests = 1 AND usage_quality = 'exact' AND seq > $after AND scores['propensity'] > 0 AND scores['propensity'] < 1
)
SELECT provider, model, feature, sum(w), sum(w * w),
  sum(w * input), sum(w * w * input), sum(w * w * input * input),
  sum(w * output), sum(w * w * output), sum(w * w * output * output), sum(w * reasoning)
FROM drawn GROUP BY ALL ORDER BY ALL
