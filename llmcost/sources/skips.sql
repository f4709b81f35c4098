-- one row is one reason why records of a file are no requests, with their number
SELECT skip, count(*) FROM records
WHERE file = $file AND skip IS NOT NULL AND problem IS NULL AND (doubt IS NULL OR careful)
GROUP BY skip ORDER BY skip
