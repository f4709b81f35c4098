-- the only row: what the requests with every model's answer known cost before and after; null where one of them has no price
WITH complete AS (
  SELECT base_seq FROM routing_candidates WHERE pico IS NOT NULL AND quality IS NOT NULL GROUP BY base_seq HAVING count(*) = $models
)
SELECT CASE WHEN count(before_cost) = count(*) THEN sum(before_cost) END, CASE WHEN count(after_cost) = count(*) THEN sum(after_cost) END
FROM ({outcome}) SEMI JOIN complete USING (base_seq) WHERE variant = 0
