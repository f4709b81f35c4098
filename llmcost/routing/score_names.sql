-- one row is one name of a score in the log
SELECT DISTINCT unnest(map_keys(scores)) AS name FROM requests WHERE scores IS NOT NULL ORDER BY name LIMIT 2
