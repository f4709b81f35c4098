-- one row is one logged model with its calls and what they took, from which latency and thinking on it are known; a model may have answered nothing but parts of calls
SELECT provider, model, count(*) FILTER (WHERE kind <> 'iteration') AS calls, CAST(coalesce(sum(latency_ms) FILTER (WHERE kind <> 'iteration'), 0) AS BIGINT) AS latency_ms,
  count(latency_ms) FILTER (WHERE kind <> 'iteration') AS timed,
  CAST(coalesce(sum(text_output_tokens) FILTER (WHERE usage_quality = 'exact' AND kind <> 'iteration'), 0) AS HUGEINT) AS text_output,
  CAST(coalesce(sum(reasoning_tokens) FILTER (WHERE usage_quality = 'exact' AND kind <> 'iteration'), 0) AS HUGEINT) AS reasoning
FROM requests WHERE kind IN ('call', 'attempt', 'iteration') AND requests = 1 GROUP BY ALL ORDER BY ALL
