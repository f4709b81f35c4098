-- one row is one minute of production traffic with a known time; minutes without requests are not in it
SELECT ts_us // 60000000 AS minute, CAST(sum(billed_requests) AS BIGINT) AS requests, CAST(sum(input_tokens) AS HUGEINT) AS input_tokens,
  CAST(sum(cache_read_tokens) AS HUGEINT) AS cached_tokens, CAST(sum(output_tokens) AS HUGEINT) AS output_tokens, sum(cost) AS cost,
  CAST(sum(billed_requests) FILTER (WHERE cost IS NULL) AS BIGINT) AS unpriced
FROM ({attributed})
WHERE flow_scope = 'production' AND ts_us IS NOT NULL AND requests <= 1 AND kind <> 'cache_hit'
GROUP BY minute
ORDER BY minute
