-- one row is one reason why records of a file are no requests, with their number
SELECT r.skip, count(*) FROM records
WHERE r.file = $file AND r.skip IS NOT NULL AND r.problem IS NULL AND (r.doubt IS NULL OR careful)
GROUP BY r.skip ORDER BY r.skip
