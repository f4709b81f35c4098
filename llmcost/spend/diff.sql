-- one row is one group: its billed requests and cost, and the cost at the prices of the other window (a model that had none then keeps its own)
SELECT {dims}
  CAST(sum(billed_requests) AS BIGINT) AS requests,
  sum(cost) AS cost,
  sum(coalesce(t.then_cost, a.cost)) AS cost_then,
  CAST(coalesce(sum(billed_requests) FILTER (WHERE is_unpriced), 0) AS BIGINT) AS unpriced_requests
FROM attributed a LEFT JOIN then_costs t ON t.seq = a.seq
{group}
