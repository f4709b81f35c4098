-- one row is one request that the policy looks at, with the rule that takes it and what decides within the rule
SELECT r.* EXCLUDE (feature), rt_feature AS feature, {draw} AS draw, {chance} AS chance, {quality_logged} AS quality_logged,
  coalesce('u' || rt_user, 's' || rt_session, 'r' || request_id) AS unit
FROM (
  SELECT t.*, {rule} AS rule, {logged_target} AS logged_target, {pair} AS pair
  FROM ({attributed}) t {joins}
  WHERE {in_scope} AND t.requests = 1 AND (t.billed_requests = 1 OR t.kind = 'iteration')
) r {judges}
