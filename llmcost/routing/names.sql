-- one row is one logged model with its calls and what they took, from which latency and thinking on it are known
SELECT provider, model, count(*) AS calls, CAST(coalesce(sum(latency_ms), 0) AS BIGINT) AS latency_ms, count(latency_ms) AS timed,
  CAST(coalesce(sum(text_output_tokens) FILTER (WHERE usage_quality = 'exact'), 0) AS HUGEINT) AS text_output,
  CAST(coalesce(sum(reasoning_tokens) FILTER (WHERE usage_quality = 'exact'), 0) AS HUGEINT) AS reasoning
FROM requests WHERE kind IN ('call', 'attempt') AND requests = 1 GROUP BY ALL ORDER BY ALL
