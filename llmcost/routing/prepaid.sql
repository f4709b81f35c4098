-- one row is one way that requests took in one stretch of days, between those on which prepaid terms begin or end, with their cost before and after
SELECT len(list_filter(CAST($edges_us AS BIGINT[]), lambda edge: edge <= r.ts_us)) AS stretch, o.logged, o.target, o.basis,
  sum(o.before_cost) AS before_cost, sum(o.after_cost) AS after_cost
FROM ({outcome}) o JOIN {main}.requests r ON r.seq = o.base_seq
WHERE o.variant = 0 AND o.before_cost IS NOT NULL AND o.after_cost IS NOT NULL
GROUP BY ALL
