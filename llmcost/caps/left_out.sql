-- the only row: what caps do not look at, by the first reason that holds, in requests; and whether any turn is known
SELECT
  CAST(coalesce(sum(billed_requests) FILTER (WHERE cap_scope <> 'production'), 0) AS BIGINT) AS not_production,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE cap_scope = 'production' AND requests > 1), 0) AS BIGINT) AS aggregated,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE cap_scope = 'production' AND requests = 1 AND cap_subject IS NULL), 0) AS BIGINT) AS without_user,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE cap_scope = 'production' AND requests = 1 AND cap_subject IS NOT NULL AND ts_us IS NULL), 0) AS BIGINT) AS without_time,
  coalesce(bool_or(coalesce(turn_given, trace) IS NOT NULL), false) AS has_turns
FROM ({attributed})
