-- one row is one request whose cost, price or reason differs from what is stored
CREATE OR REPLACE TEMP TABLE changed AS
SELECT c.seq, r.ts, r.cost AS old_cost, c.cost AS new_cost, c.price_id, c.unpriced_reason, c.usage_basis
FROM charged c JOIN requests r ON r.seq = c.seq
WHERE (r.cost, r.price_id, r.unpriced_reason, r.usage_basis) IS DISTINCT FROM (c.cost, c.price_id, c.unpriced_reason, c.usage_basis)
