-- one row is one request whose model was drawn with a known probability: whether the draw is what the policy would choose, and what it cost, in nano-dollars
SELECT b.basis = 'same' AS matches, CAST(CASE WHEN b.target = 0 THEN 1 ELSE r.scores['propensity'] END AS DOUBLE) AS propensity,
  CAST(CAST(b.logged_cost AS DECIMAL(38, 12)) * 1000000000 AS BIGINT) AS cost, CAST(dense_rank() OVER (ORDER BY b.feature NULLS FIRST) - 1 AS BIGINT) AS stratum
FROM ({billed}) b JOIN requests r ON r.seq = b.base_seq
WHERE b.part = 'final' AND b.variant = 0 AND b.logged_cost IS NOT NULL AND r.scores['propensity'] > 0
ORDER BY b.base_seq
