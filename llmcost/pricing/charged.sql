-- one row is one concerned request with the cost it has now
CREATE OR REPLACE TEMP TABLE charged AS SELECT seq, cost, price_id, unpriced_reason, usage_basis FROM ({charges})
