-- one row is one request with the bill and the score that one model of the policy would have, and the score by which a router ranks it
CREATE OR REPLACE TEMP TABLE routing_candidates AS
WITH billed AS ({billed}), ranked AS (SELECT seq, rule AS ranked_rule, {score} AS score FROM ({placed}))
SELECT b.base_seq, b.target, b.feature, CAST(CAST(b.cost + b.add_cost AS DECIMAL(38, 12)) * 1000000000000 AS BIGINT) AS pico, b.quality, r.score
FROM billed b LEFT JOIN ranked r ON r.seq = b.base_seq
