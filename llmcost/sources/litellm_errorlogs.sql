-- one row is one row of LiteLLM's table LiteLLM_ErrorLogs: one failed attempt, of which no tokens are recorded
-- raw: request_id, startTime, endTime, model_group, litellm_model_name, exception_type, exception_string, status_code
SELECT file, 'litellm_errorlogs' AS source, said(request_id) AS id,
  CASE WHEN said(request_id) IS NULL THEN md5(concat_ws('|', startTime, endTime, model_group, litellm_model_name, exception_type, status_code)) END AS line_digest,
  CASE WHEN startTime IS NULL OR exception_type IS NULL THEN 'no row of ErrorLogs' END AS doubt,
  startTime AS started, endTime AS ended, 'failure' AS status,
  exception_type AS error_class, said(status_code) AS error_code, exception_string AS error_message,
  said(litellm_model_name) AS model, said(model_group) AS model_group, said(model_group) AS model_requested
FROM raw
