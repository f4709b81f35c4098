-- one row is one request of the window, its cost being that of another level of prices
CREATE OR REPLACE TEMP VIEW level_ledger AS
SELECT l.* REPLACE (c.{level}_cost AS cost, c.{level}_cost IS NULL AND l.usage_quality <> 'missing' AS is_unpriced)
FROM ledger l JOIN level_costs c ON c.seq = l.seq
