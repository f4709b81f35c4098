-- one row is one request as in the ledger view, its cost being what the company pays: without mark-up
CREATE OR REPLACE TEMP VIEW contracted_ledger AS
SELECT l.* REPLACE (c.cost AS cost, c.cost IS NULL AND l.usage_quality <> 'missing' AS is_unpriced)
FROM {main}.ledger l JOIN level_contracted c ON c.seq = l.seq
