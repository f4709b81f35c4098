-- one row is one record of a log of no known format, read by the paths that its mapping or its column names give
-- raw: json
-- `found` is the list of texts at $paths, then the mapping's constants; each target binds its place in that list (0: not there)
SELECT file, $source AS source, md5(CAST(json AS VARCHAR)) AS line_digest,
  CASE WHEN json IS NULL OR json_type(json) <> 'OBJECT' THEN 'no record' WHEN json_extract_string(json, '$.usage') LIKE '{%' AND json_type(json, '$.usage') = 'VARCHAR' THEN 'usage is text' END AS doubt,
  CASE WHEN NOT coalesce(wanted, false) THEN 'when: ' || $when_text
       -- other events of the same log; a mapping says with `when` which ones count
       WHEN $guessed AND coalesce(found[$model], found[$input], found[$output], found[$total], found[$source_cost]) IS NULL THEN 'no model, tokens or cost' END AS skip,
  found[$id] AS id,
  CASE $ts_unit
    WHEN 's' THEN instant_text(found[$started], 1000000, 's')
    WHEN 'ms' THEN instant_text(found[$started], 1000, 'ms')
    WHEN 'us' THEN instant_text(found[$started], 1, 'us')
    WHEN 'ns' THEN instant_text(found[$started], 0.001, 'ns')
    ELSE CASE WHEN $tz <> 'UTC' AND TRY_CAST(found[$started] AS DOUBLE) IS NULL AND NOT regexp_matches(found[$started], '(Z|[+-][0-9]{2}:?[0-9]{2})$')
              THEN coalesce(CAST(timezone($tz, TRY_CAST(found[$started] AS TIMESTAMP)) AS VARCHAR), found[$started]) ELSE found[$started] END
  END AS started,
  found[$ended] AS ended, found[$latency_ms] AS latency_ms, found[$ttft_ms] AS ttft_ms,
  found[$status] AS status, found[$error_class] AS error_class, found[$error_code] AS error_code, found[$error_message] AS error_message,
  found[$finish_reason] AS finish_reason, found[$kind_said] AS kind_said,
  found[$chain] AS chain, found[$chain_step] AS chain_step, found[$chain_reason] AS chain_reason,
  found[$requests] AS requests, found[$provider] AS provider,
  -- a model that the log calls "None" stays visible under that name
  coalesce(found[$model], json_extract_string(json, $paths)[$model]) AS model,
  found[$model_requested] AS model_requested, found[$model_group] AS model_group, found[$operation] AS operation,
  found[$service_tier] AS service_tier, found[$speed] AS speed,
  found[$region] AS region, found[$inference_geo] AS inference_geo,
  found[$user] AS "user", found[$plan] AS plan, found[$key] AS key,
  found[$agent] AS agent, found[$feature] AS feature,
  found[$team] AS team, found[$project] AS project,
  found[$environment] AS environment,
  found[$session] AS session, found[$turn] AS turn, found[$trace] AS trace, found[$parent] AS parent, found[$task] AS task,
  found[$facts] AS facts,
  found[$input] AS input, found[$cache_read] AS cache_read, found[$cache_write] AS cache_write, found[$cache_write_5m] AS cache_write_5m,
  found[$cache_write_1h] AS cache_write_1h, found[$cache_write_12h] AS cache_write_12h,
  found[$audio_input] AS audio_input, found[$audio_cache_read] AS audio_cache_read, found[$image_input] AS image_input,
  found[$image_cache_read] AS image_cache_read, found[$video_input] AS video_input, found[$tool_use] AS tool_use,
  found[$output] AS output, found[$reasoning] AS reasoning, found[$audio_output] AS audio_output, found[$image_output] AS image_output,
  found[$rejected_prediction] AS rejected_prediction, found[$total] AS total, found[$web_searches] AS web_searches,
  $input_includes_cache AS input_includes_cache, $output_includes_reasoning AS output_includes_reasoning,
  found[$source_cost] AS source_cost, $cost_unit AS source_cost_unit, CASE WHEN found[$source_cost] <> '' THEN 'recorded' END AS source_cost_kind,
  found[$prompt] AS prompt, TRY_CAST(found[$prefix_blocks] AS BIGINT[]) AS prefix_blocks
FROM (SELECT file, json, wanted, list_concat(list_transform(json_extract_string(json, $paths), lambda x: said(x)), $constants) AS found FROM wanted_records)
