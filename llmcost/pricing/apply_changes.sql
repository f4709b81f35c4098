-- writes the new costs
UPDATE requests AS r
SET cost = c.new_cost, price_id = c.price_id, unpriced_reason = c.unpriced_reason, usage_basis = c.usage_basis
FROM changed c WHERE r.seq = c.seq
