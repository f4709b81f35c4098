-- one row is one request with every model's answer known: its score and feature, and the bill and score of each choice of interest
WITH complete AS (
  SELECT base_seq FROM routing_candidates WHERE pico IS NOT NULL AND quality IS NOT NULL GROUP BY base_seq HAVING count(*) = $models
), placed AS (
  SELECT c.*,
    row_number() OVER (PARTITION BY base_seq ORDER BY quality DESC, pico, target) AS best,
    row_number() OVER (PARTITION BY base_seq ORDER BY pico, quality DESC, target) AS cheapest
  FROM routing_candidates c SEMI JOIN complete USING (base_seq)
)
SELECT base_seq, any_value(score) AS score,
  any_value(target) FILTER (WHERE best = 1), any_value(pico) FILTER (WHERE best = 1), any_value(quality) FILTER (WHERE best = 1),
  any_value(target) FILTER (WHERE cheapest = 1), any_value(pico) FILTER (WHERE cheapest = 1), any_value(quality) FILTER (WHERE cheapest = 1),
  list(pico ORDER BY target), list(quality ORDER BY target), any_value(feature)
FROM placed GROUP BY base_seq ORDER BY base_seq
