-- one row is one request, with the cost that it would have had at the prices of the baseline (a model that had none then keeps its own)
SELECT a.* REPLACE (coalesce(t.then_cost, a.cost) AS cost) FROM ({attributed}) a LEFT JOIN then_costs t ON t.seq = a.seq
