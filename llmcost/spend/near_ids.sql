-- one row is an id that begins or ends as the one that was asked for
SELECT DISTINCT request_id FROM requests WHERE starts_with(request_id, $id) OR ends_with(request_id, $id) OR contains(request_id, $id) ORDER BY request_id LIMIT 3
