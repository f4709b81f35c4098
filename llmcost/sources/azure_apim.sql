-- one row is one row of Azure API Management's table ApiManagementGatewayLlmLog: one request, or a part of its messages
-- raw: TimeGenerated, CorrelationId, RequestId, OperationName, DeploymentName, ModelName, Region, PromptTokens, CompletionTokens, TotalTokens, ApimSubscriptionId
SELECT file, 'azure_apim' AS source, nullif(concat_ws('/', said(CorrelationId), said(RequestId)), '') AS id,
  md5(concat_ws('|', TimeGenerated, DeploymentName, ModelName, PromptTokens, CompletionTokens)) AS line_digest,
  CASE WHEN coalesce(CorrelationId, TimeGenerated) IS NULL THEN 'no row of ApiManagementGatewayLlmLog' END AS doubt,
  CASE WHEN said(DeploymentName) IS NULL THEN 'part of a long message' END AS skip,
  TimeGenerated AS started,
  'azure' AS provider, coalesce(said(ModelName), DeploymentName) AS model, DeploymentName AS model_group, DeploymentName AS model_requested,
  CASE WHEN contains(lower(OperationName), 'embedding') THEN 'embeddings' ELSE OperationName END AS operation, said(Region) AS region,
  said(ApimSubscriptionId) AS key, said(CorrelationId) AS trace,
  PromptTokens AS input, CompletionTokens AS output, TotalTokens AS total, true AS usage_partial
FROM raw
