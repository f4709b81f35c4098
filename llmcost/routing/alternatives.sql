-- one row is one row of the log that has a task (or prompt): its pair, its target, and whether it stands for the request
CREATE OR REPLACE TEMP TABLE routing_paired AS
WITH numbered AS (
  SELECT *, pair_key || '#' || row_number() OVER (PARTITION BY pair_key, provider, model ORDER BY ts_us, seq) AS pair FROM ({attributed})
  WHERE pair_key IS NOT NULL AND requests = 1 AND billed_requests = 1 AND in_scope
), aimed AS (
  SELECT n.*, l.target FROM numbered n
  LEFT JOIN (SELECT provider, model, min(target) AS target FROM routing_logged GROUP BY ALL) l
    ON l.provider IS NOT DISTINCT FROM n.provider AND l.model IS NOT DISTINCT FROM n.model
)
SELECT seq, pair, target, own_quality{accepts}, row_number() OVER (PARTITION BY pair ORDER BY coalesce(asked, false) DESC, CASE WHEN target = $baseline THEN 0 ELSE 1 END, ts_us, seq) = 1 AS is_request,
  row_number() OVER (PARTITION BY pair, target ORDER BY seq) = 1 AS is_first
FROM aimed
