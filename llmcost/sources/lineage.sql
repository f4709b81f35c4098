-- spans of traces: who repeats the usage of its children, and what a call inherits from those above it
-- one row is one span, or (without a span id) one row of facts about a whole trace
CREATE OR REPLACE TEMP TABLE spans AS
-- (of the states of one span, only one may say whose child it is)
SELECT t.rowid AS row_no, t.r.trace, t.r.span, coalesce(t.r.parent, any_value(t.r.parent) OVER (PARTITION BY t.r.trace, t.r.span)) AS parent,
  t.r.problem IS NULL AND t.r.skip IS NULL AS is_call, t.r.problem IS NULL AND t.r.skip IS NULL AND t.r.usage_quality <> 'missing' AS used,
  coalesce(t.r."user", s.tag_user) AS "user", coalesce(t.r.plan, s.tag_plan) AS plan, coalesce(t.r.agent, s.tag_agent) AS agent,
  coalesce(t.r.feature, s.tag_feature) AS feature, coalesce(t.r.team, s.tag_team) AS team, coalesce(t.r.project, s.tag_project) AS project,
  coalesce(t.r.environment, s.tag_environment) AS environment, coalesce(t.r.session, s.tag_session) AS session,
  coalesce(t.r.turn, s.tag_turn) AS turn, coalesce(t.r.task, s.tag_task) AS task, s.tags
FROM records t
LEFT JOIN tag_sets s
  ON s.tag_list IS NOT DISTINCT FROM t.r.tag_list AND s.facts IS NOT DISTINCT FROM t.r.facts AND s.more_facts IS NOT DISTINCT FROM t.r.more_facts
WHERE (t.r.doubt IS NULL OR t.careful) AND (t.r.span IS NOT NULL OR (t.r.trace IS NOT NULL AND t.r.skip IS NOT NULL));

-- one row is one call and one of the spans above it, with the id of the next one, which may be in another file or still to come
-- exporters send batches twice, so of equal spans one is enough
CREATE OR REPLACE TEMP TABLE climbs AS
WITH RECURSIVE known_spans AS (
  FROM spans WHERE span IS NOT NULL QUALIFY row_number() OVER (PARTITION BY trace, span ORDER BY used DESC, row_no DESC) = 1
), up AS (
  SELECT row_no, trace, parent AS above, 0 AS depth, CAST(NULL AS BIGINT) AS ancestor FROM spans WHERE is_call AND parent IS NOT NULL
  UNION ALL
  SELECT up.row_no, up.trace, a.parent, up.depth + 1, a.row_no
  FROM up JOIN known_spans a ON a.trace IS NOT DISTINCT FROM up.trace AND a.span = up.above
  -- deeper than any program nests, and the end of a circle
  WHERE up.depth < 100 AND a.row_no <> up.row_no
)
FROM up;

-- one row is one call and one row that it inherits from: the spans above it, and last the facts of its trace
CREATE OR REPLACE TEMP TABLE ascents AS
SELECT row_no, above, depth, ancestor FROM climbs WHERE ancestor IS NOT NULL
UNION ALL
SELECT s.row_no, NULL, 1000, f.row_no FROM spans s JOIN spans f ON f.trace = s.trace AND f.span IS NULL WHERE s.is_call;

-- one row is one span whose usage is that of its children again: a call is a span with usage and none below it that has some
-- (one without usage above one with usage is the same call, seen from outside)
CREATE OR REPLACE TEMP TABLE repeats_children AS
WITH RECURSIVE parents AS (
  SELECT p.trace, p.span FROM ascents a JOIN spans c ON c.row_no = a.row_no AND c.used JOIN spans p ON p.row_no = a.ancestor WHERE p.span IS NOT NULL
  UNION
  -- its children came with an earlier ingest
  SELECT s.trace, s.span FROM spans s JOIN target.requests t ON t.trace = s.trace AND t.parent = s.span WHERE t.kind <> 'iteration' AND t.usage_quality <> 'missing'
  UNION
  SELECT s.trace, s.parent FROM spans s JOIN parents p ON p.trace IS NOT DISTINCT FROM s.trace AND p.span = s.span WHERE s.parent IS NOT NULL
)
SELECT s.row_no FROM spans s JOIN (SELECT DISTINCT trace, span FROM parents) p ON p.trace IS NOT DISTINCT FROM s.trace AND p.span = s.span WHERE s.is_call;

-- one row is one call with what the nearest span above it that says so adds to its attribution
-- and as its parent the first one above that is not here, for that one to be known when it comes
CREATE OR REPLACE TEMP TABLE inherited AS
SELECT a.row_no, arg_max_null(a.above, a.depth) FILTER (a.depth < 1000) AS parent,
  arg_min(p."user", a.depth) AS "user", arg_min(p.plan, a.depth) AS plan, arg_min(p.agent, a.depth) AS agent, arg_min(p.feature, a.depth) AS feature,
  arg_min(p.team, a.depth) AS team, arg_min(p.project, a.depth) AS project, arg_min(p.environment, a.depth) AS environment,
  arg_min(p.session, a.depth) AS session, arg_min(p.turn, a.depth) AS turn, arg_min(p.task, a.depth) AS task,
  list_reduce(list(p.tags ORDER BY a.depth DESC) FILTER (p.tags IS NOT NULL), lambda low, high: map_concat(low, high)) AS tags
FROM ascents a JOIN spans p ON p.row_no = a.ancestor
GROUP BY a.row_no
