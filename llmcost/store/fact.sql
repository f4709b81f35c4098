-- one row is the value of one fact about the store
SELECT value FROM meta WHERE name = $name
