-- one row is one id and a second id of the same request, where one of the two stands beside several of the other, here or in the ledger
WITH here AS (
  SELECT DISTINCT r.request_id AS id, r.alias FROM records WHERE r.alias IS NOT NULL AND r.request_id IS NOT NULL AND r.problem IS NULL AND r.skip IS NULL
), every AS (
  SELECT id, alias, false AS is_old FROM here
  UNION
  -- a log of another kind may know the request by that second id alone
  SELECT r.request_id, r.request_id, false FROM records
  WHERE r.problem IS NULL AND r.skip IS NULL AND r.request_id IN (SELECT alias FROM here UNION SELECT alias FROM target.aliases)
  UNION
  SELECT a.request_id, a.alias, true FROM target.aliases a
  WHERE a.alias IN (SELECT alias FROM here) OR a.request_id IN (SELECT id FROM here) OR a.alias IN (SELECT r.request_id FROM records WHERE r.request_id IN (SELECT alias FROM target.aliases))
  UNION
  SELECT t.request_id, t.request_id, true FROM target.requests t WHERE t.request_id IN (SELECT alias FROM here)
), linked AS (
  SELECT alias FROM every GROUP BY alias HAVING count(DISTINCT id) > 1
)
SELECT id, alias, is_old FROM every WHERE alias IN (FROM linked) OR id IN (SELECT id FROM every WHERE alias IN (FROM linked)) ORDER BY ALL
