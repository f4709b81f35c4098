-- one row is one model and reason why its requests have no price
SELECT provider, model, unpriced_reason, CAST(sum(billed_requests) AS BIGINT) AS requests, CAST(sum(input_tokens + output_tokens) AS BIGINT) AS tokens
FROM attributed
WHERE is_unpriced
GROUP BY provider, model, unpriced_reason
ORDER BY tokens DESC, provider, model, unpriced_reason
