-- one row is one record of a raw provider log, opened: `body` is what the provider sent, `o` what the wrapper around it says
CREATE OR REPLACE TEMP VIEW enveloped AS
SELECT file, json, request,
  coalesce(json -> '$.response.body', json -> '$.response', json -> '$.response_body', json -> '$.result.message', json -> '$.result',
           json -> '$.body', json) AS body,
  from_json(json, '{"timestamp":"VARCHAR","time":"VARCHAR","ts":"VARCHAR","created_at":"VARCHAR","started_at":"VARCHAR","start_time":"VARCHAR",
    "startTime":"VARCHAR","request_time":"VARCHAR","date":"VARCHAR","ended_at":"VARCHAR","end_time":"VARCHAR","endTime":"VARCHAR",
    "latency_ms":"VARCHAR","duration_ms":"VARCHAR","user":"VARCHAR","user_id":"VARCHAR","end_user":"VARCHAR","customer_id":"VARCHAR",
    "agent":"VARCHAR","feature":"VARCHAR","session":"VARCHAR","session_id":"VARCHAR","trace":"VARCHAR","trace_id":"VARCHAR",
    "turn":"VARCHAR","turn_id":"VARCHAR","environment":"VARCHAR","team":"VARCHAR","plan":"VARCHAR","key":"VARCHAR","project":"VARCHAR",
    "task":"VARCHAR","provider":"VARCHAR","region":"VARCHAR","request_id":"VARCHAR","custom_id":"VARCHAR","metadata":"JSON","tags":"JSON"}') AS o,
  from_json(request, '{"model":"VARCHAR","service_tier":"VARCHAR","safety_identifier":"VARCHAR","user":"VARCHAR","messages":"JSON","input":"JSON",
    "system":"JSON","metadata":"JSON"}') AS q
FROM (
  SELECT file, json, coalesce(json -> '$.request.body', json -> '$.request', json -> '$.request_body') AS request FROM raw
);
-- the words that every wrapped source takes over from the wrapper
CREATE OR REPLACE TEMP MACRO outer_time(o) AS
  coalesce(o.timestamp, o.time, o.ts, o.created_at, o.started_at, o.start_time, o.startTime, o.request_time, o.date);
CREATE OR REPLACE TEMP MACRO outer_end(o) AS coalesce(o.ended_at, o.end_time, o.endTime);
CREATE OR REPLACE TEMP MACRO outer_user(o) AS coalesce(said(o.user), said(o.user_id), said(o.end_user), said(o.customer_id));
