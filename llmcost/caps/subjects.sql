-- one row is one user (or whatever the caps are per); `slice` numbers those of whom a cap could refuse something, in
-- portions that fit into memory: who stays below a limit over all the time stays below it in every window
CREATE OR REPLACE TEMP TABLE cap_subjects AS
WITH summed AS (
  SELECT subject, count(*) AS items, CAST(sum(requests) AS BIGINT) AS requests, CAST(sum(cost_pico) AS HUGEINT) AS cost_pico,
    min(ts_us) AS first_us, max(ts_us) AS last_us,
    CAST(sum(weight_turn) AS HUGEINT) AS weight_turn, CAST(sum(weight_request) AS HUGEINT) AS weight_request,
    CAST(sum(weight_token) AS HUGEINT) AS weight_token, CAST(sum(weight_usd) AS HUGEINT) AS weight_usd
  FROM cap_items GROUP BY subject
), doubtful AS (
  SELECT subject, row_number() OVER (ORDER BY subject) AS lane,
    CAST((sum(items) OVER (ORDER BY subject ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - items) // $portion AS BIGINT) AS slice
  FROM summed
  WHERE weight_turn >= $limit_turn OR weight_request >= $limit_request OR weight_token >= $limit_token OR weight_usd >= $limit_usd
)
SELECT s.subject, s.items, s.requests, s.cost_pico, s.first_us, s.last_us, d.lane, d.slice
FROM summed s LEFT JOIN doubtful d ON d.subject = s.subject
