-- one row is one model and reason why its requests have no price
SELECT provider, model, unpriced_reason, CAST(sum(requests) AS BIGINT) AS requests,
  CAST(sum(input_tokens + output_tokens) AS BIGINT) AS tokens
FROM attributed
WHERE cost IS NULL AND usage_quality <> 'missing' AND unpriced_reason IS NOT NULL
GROUP BY ALL ORDER BY tokens DESC, provider, model
