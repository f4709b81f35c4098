-- one row is one row of the ledger, with the cost that the policy gives it where it looks at it
CREATE OR REPLACE TEMP VIEW routing_costed AS
SELECT l.* REPLACE (CASE WHEN c.seq IS NULL THEN l.cost ELSE c.cost END AS cost)
FROM {ledger} l LEFT JOIN routing_costs c ON c.seq = l.seq
