-- one row is an id that holds what was asked for, is held by it, or is one or two letters off; the nearest first
SELECT request_id FROM (SELECT DISTINCT request_id FROM requests)
WHERE contains(request_id, $id) OR contains($id, request_id)
  OR (abs(length(request_id) - length($id)) <= 2 AND levenshtein(request_id, $id) <= 2)
ORDER BY levenshtein(request_id, $id), request_id LIMIT 3
