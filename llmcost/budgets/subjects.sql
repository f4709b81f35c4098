-- one row is one group of requests: its turns, its users and sessions with a known cost, and what those cost
SELECT {dims}
  count(DISTINCT coalesce(turn_given, trace, request_id)) FILTER (WHERE kind <> 'iteration') AS turns,
  count(DISTINCT user_given) FILTER (WHERE cost IS NOT NULL) AS users,
  sum(cost) FILTER (WHERE user_given IS NOT NULL) AS user_cost,
  count(DISTINCT session_given) FILTER (WHERE cost IS NOT NULL) AS sessions,
  sum(cost) FILTER (WHERE session_given IS NOT NULL) AS session_cost
FROM attributed
{group}
