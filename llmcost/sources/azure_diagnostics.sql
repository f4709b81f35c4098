-- one row is one record of Azure OpenAI's diagnostic log; RequestResponse are the calls, without a word on their tokens
-- raw: json
SELECT file, 'azure_diagnostics' AS source, correlation AS id, md5(CAST(json AS VARCHAR)) AS line_digest,
  CASE WHEN category IS NULL THEN 'no diagnostic record' END AS doubt,
  CASE WHEN category <> 'RequestResponse' THEN 'no request: ' || shown(category)
       WHEN deployment IS NULL AND model IS NULL AND failed_http(http) IS NULL THEN 'no call of a model: ' || coalesce(shown(operation), 'unnamed') END AS skip,
  started, latency_ms, CASE WHEN failed_http(http) IS NOT NULL THEN 'error' ELSE 'success' END AS status, failed_http(http) AS error_code,
  'azure' AS provider, coalesce(model, deployment) AS model, deployment AS model_group, deployment AS model_requested,
  CASE WHEN contains(lower(operation), 'embedding') THEN 'embeddings' ELSE operation END AS operation, region
FROM (
  SELECT *, said(json_extract_string(properties, '$.modelDeploymentName')) AS deployment, said(json_extract_string(properties, '$.modelName')) AS model
  FROM (
    -- a storage account and an event hub write names one way, the table AzureDiagnostics another
    SELECT file, json, coalesce(json_extract_string(json, '$.category'), json_extract_string(json, '$.Category')) AS category,
      coalesce(json_extract_string(json, '$.correlationId'), json_extract_string(json, '$.CorrelationId')) AS correlation,
      coalesce(json_extract_string(json, '$.time'), json_extract_string(json, '$.TimeGenerated')) AS started,
      coalesce(json_extract_string(json, '$.durationMs'), json_extract_string(json, '$.DurationMs')) AS latency_ms,
      coalesce(json_extract_string(json, '$.resultSignature'), json_extract_string(json, '$.ResultSignature')) AS http,
      coalesce(json_extract_string(json, '$.operationName'), json_extract_string(json, '$.OperationName')) AS operation,
      coalesce(json_extract_string(json, '$.location'), json_extract_string(json, '$.Location')) AS region,
      opened(coalesce(json_extract_string(json, '$.properties'), json_extract_string(json, '$.properties_s'))) AS properties
    FROM raw
  )
)
