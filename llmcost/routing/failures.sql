-- one row is one target with its failed attempts and all attempts in the log
SELECT l.target, count(*) FILTER (WHERE r.kind = 'attempt'), count(*)
FROM requests r JOIN routing_logged l ON l.provider IS NOT DISTINCT FROM r.provider AND l.model IS NOT DISTINCT FROM r.model
WHERE r.kind IN ('call', 'attempt') AND r.requests = 1 GROUP BY l.target
