-- one row is one record of a raw provider log, opened: `body` is what the provider sent, `o` what the wrapper around it says
CREATE OR REPLACE TEMP VIEW enveloped AS
SELECT file, json, request,
  coalesce(object_at(json, '$.response.body'), object_at(json, '$.response'), object_at(json, '$.response_body'), object_at(json, '$.result.message'),
           object_at(json, '$.result.error'), object_at(json, '$.result'), object_at(json, '$.message'), object_at(json, '$.body'), json) AS body,
  -- the outcome that a batch, or a recorded exchange, notes beside the body
  json_extract_string(json, '$.result.type') AS batch_result, coalesce(json_extract_string(json, '$.response.status_code'),
    nullif(regexp_extract(coalesce(json_extract_string(json, '$.status'), json_extract_string(json, '$.status_code')), '^[45][0-9][0-9]$'), '')) AS http_status,
  from_json(json, '{"timestamp":"VARCHAR","time":"VARCHAR","ts":"VARCHAR","created_at":"VARCHAR","started_at":"VARCHAR","start_time":"VARCHAR",
    "startTime":"VARCHAR","request_time":"VARCHAR","date":"VARCHAR","ended_at":"VARCHAR","end_time":"VARCHAR","endTime":"VARCHAR",
    "latency_ms":"VARCHAR","duration_ms":"VARCHAR","user":"VARCHAR","user_id":"VARCHAR","end_user":"VARCHAR","customer_id":"VARCHAR",
    "agent":"VARCHAR","feature":"VARCHAR","session":"VARCHAR","session_id":"VARCHAR","trace":"VARCHAR","trace_id":"VARCHAR",
    "turn":"VARCHAR","turn_id":"VARCHAR","environment":"VARCHAR","team":"VARCHAR","plan":"VARCHAR","key":"VARCHAR","project":"VARCHAR",
    "task":"VARCHAR","cost":"VARCHAR","cost_usd":"VARCHAR","total_cost":"VARCHAR","response_cost":"VARCHAR","spend":"VARCHAR","provider":"VARCHAR","model":"VARCHAR","region":"VARCHAR","id":"VARCHAR","request_id":"VARCHAR","custom_id":"VARCHAR","metadata":"JSON","tags":"JSON","call_type":"VARCHAR","type":"VARCHAR"}') AS o,
  from_json(request, '{"model":"VARCHAR","service_tier":"VARCHAR","safety_identifier":"VARCHAR","user":"VARCHAR","messages":"JSON","input":"JSON",
    "system":"JSON","metadata":"JSON"}') AS q
FROM (
  SELECT file, json, coalesce(object_at(json, '$.request.body'), object_at(json, '$.request'), object_at(json, '$.request_body')) AS request FROM raw
);
-- the words that every wrapped source takes over from the wrapper
CREATE OR REPLACE TEMP MACRO outer_time(o) AS
  coalesce(o.timestamp, o.time, o.ts, o.created_at, o.started_at, o.start_time, o.startTime, o.request_time, o.date);
CREATE OR REPLACE TEMP MACRO outer_end(o) AS coalesce(o.ended_at, o.end_time, o.endTime);
CREATE OR REPLACE TEMP MACRO outer_user(o) AS coalesce(said(o.user), said(o.user_id), said(o.end_user), said(o.customer_id));
CREATE OR REPLACE TEMP MACRO outer_cost(o) AS coalesce(o.cost_usd, o.cost, o.total_cost, o.response_cost, o.spend);
