-- one row is one span of a trace: from a batch of OTLP JSON (many a line), or a line of its own as exporters, consoles and notebooks write it
-- (the capitalised words of Go are taken by their path: a struct does not tell them from the small ones)
-- ids without the 0x of Python's console; the zeros of Go are no parent
CREATE OR REPLACE TEMP MACRO span_id(x) AS CASE WHEN NOT regexp_full_match(coalesce(x, ''), '(0x)?0*') THEN regexp_replace(x, '^0x', '') END;

CREATE OR REPLACE TEMP VIEW spans_seen AS
WITH batches AS (
  SELECT file, json, flatten(list_transform(
      from_json(coalesce(json -> '$.resourceSpans', json -> '$.resource_spans'), '[{"resource":{"attributes":"JSON"},
        "scopeSpans":[{"scope":{"name":"VARCHAR"},"spans":["JSON"]}],"scope_spans":[{"scope":{"name":"VARCHAR"},"spans":["JSON"]}],
        "instrumentationLibrarySpans":[{"instrumentationLibrary":{"name":"VARCHAR"},"spans":["JSON"]}]}]'),
      lambda r: list_concat(
        flatten(list_transform(coalesce(r.scopeSpans, r.scope_spans, []), lambda s: list_transform(s.spans, lambda p: {'resource': r.resource.attributes, 'scope': s.scope.name, 'span': p}))),
        flatten(list_transform(coalesce(r.instrumentationLibrarySpans, []),
          lambda s: list_transform(s.spans, lambda p: {'resource': r.resource.attributes, 'scope': s.instrumentationLibrary.name, 'span': p})))))) AS listed
  FROM raw
), single AS (
  SELECT file, json, unnest(list_transform(CASE WHEN len(listed) > 0 THEN listed ELSE [{'resource': json -> '$.resource.attributes',
      'scope': coalesce(json_extract_string(json, '$.scope.name'), json_extract_string(json, '$.instrumentationScope.name'), json_extract_string(json, '$.InstrumentationScope.Name'),
        json_extract_string(json, '$.instrumentation_scope.name')),
      'span': CASE WHEN json_exists(json, '$.resourceSpans') OR json_exists(json, '$.resource_spans') THEN NULL ELSE json END}] END,
    lambda x, i: {'x': x, 'n': i - 1})) AS one
  FROM batches
)
SELECT file, CAST(span AS VARCHAR) AS text, is_none, nullif(n, 0) AS part, scope,
  span_id(coalesce(s.traceId, s.trace_id, s.context.trace_id, s.spanContext.traceId, json_extract_string(span, '$.SpanContext.TraceID'))) AS trace,
  span_id(coalesce(s.spanId, s.span_id, s.context.span_id, s.spanContext.spanId, json_extract_string(span, '$.SpanContext.SpanID'), CASE WHEN s.traceId IS NOT NULL AND s.timestamp IS NOT NULL THEN s.id END)) AS span,
  span_id(coalesce(s.parentSpanId, s.parent_span_id, s.parent_id, s.parentId, s.parentSpanContext.spanId, json_extract_string(span, '$.Parent.SpanID'))) AS parent,
  coalesce(s.name, s.span_name, json_extract_string(span, '$.Name')) AS name,
  coalesce(s.startTimeUnixNano, s.start_time_unix_nano, s.start_time, s.startTime, json_extract_string(span, '$.StartTime'), s.timestamp) AS started,
  coalesce(s.endTimeUnixNano, s.end_time_unix_nano, s.end_time, s.endTime, json_extract_string(span, '$.EndTime')) AS ended,
  -- the console of JavaScript counts in µs
  CASE WHEN s.timestamp IS NOT NULL AND s.traceId IS NOT NULL THEN CAST(TRY_CAST(s.duration AS DECIMAL(18, 3)) * 0.001 AS VARCHAR) END AS latency_ms,
  coalesce(s.status.code, s.status.status_code, json_extract_string(span, '$.Status.Code'), s.statusCode, s.status_code) AS status_code,
  coalesce(s.status.message, s.status.description, json_extract_string(span, '$.Status.Description')) AS status_message,
  -- a span without the word for its attributes is nothing but attributes
  attribute_map(coalesce(s.attributes, span -> '$.Attributes', span)) AS attributes, attribute_map(coalesce(resource, span -> '$.Resource')) AS resource
FROM (
  SELECT file, json IS NULL AS is_none, one.n AS n, one.x.scope AS scope, one.x.resource AS resource, one.x.span AS span,
    from_json(one.x.span, '{"traceId":"VARCHAR","trace_id":"VARCHAR","spanId":"VARCHAR","span_id":"VARCHAR","id":"VARCHAR","parentSpanId":"VARCHAR","parent_span_id":"VARCHAR",
      "parent_id":"VARCHAR","parentId":"VARCHAR","name":"VARCHAR","span_name":"VARCHAR",
      "context":{"trace_id":"VARCHAR","span_id":"VARCHAR"},"spanContext":{"traceId":"VARCHAR","spanId":"VARCHAR"},"parentSpanContext":{"spanId":"VARCHAR"},
      "startTimeUnixNano":"VARCHAR","endTimeUnixNano":"VARCHAR","start_time_unix_nano":"VARCHAR","end_time_unix_nano":"VARCHAR",
      "start_time":"VARCHAR","end_time":"VARCHAR","startTime":"VARCHAR","endTime":"VARCHAR","timestamp":"VARCHAR","duration":"VARCHAR",
      "status":{"code":"VARCHAR","status_code":"VARCHAR","message":"VARCHAR","description":"VARCHAR"},
      "statusCode":"VARCHAR","status_code":"VARCHAR","attributes":"JSON"}') AS s
  FROM single
)
