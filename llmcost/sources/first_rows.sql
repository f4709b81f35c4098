-- one row is one of the first requests of a ledger
SELECT * FROM requests ORDER BY seq LIMIT $rows
