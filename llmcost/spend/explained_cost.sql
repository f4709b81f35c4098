-- one row is one request with what other prices bill it
SELECT seq, cost, price_id, unpriced_reason, usage_basis FROM ({charges})
