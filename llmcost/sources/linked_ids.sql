-- one row is one id and a second id of the same request, where one of the two stands beside several of the other, here or in the ledger
WITH here AS (
  SELECT DISTINCT r.request_id AS id, r.alias FROM records WHERE r.alias IS NOT NULL AND r.request_id IS NOT NULL AND r.problem IS NULL AND r.skip IS NULL
), every AS (
  SELECT id, alias, false AS is_old FROM here
  UNION
  SELECT request_id, a.alias, true FROM target.aliases a WHERE a.alias IN (SELECT alias FROM here UNION SELECT id FROM here) OR a.request_id IN (SELECT id FROM here)
), linked AS (
  SELECT alias FROM every GROUP BY alias HAVING count(DISTINCT id) > 1
)
SELECT id, alias, is_old FROM every WHERE alias IN (FROM linked) OR id IN (SELECT id FROM every WHERE alias IN (FROM linked)) ORDER BY ALL
