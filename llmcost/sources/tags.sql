-- one row is one distinct set of recorded facts, worked out once: its tags, and the attribution that stands in them
-- tags are scalars of at most 256 characters; what may be a secret or a text of the conversation is left out
CREATE OR REPLACE TEMP TABLE tag_sets AS
WITH texts AS (
  SELECT row_number() OVER () AS set_id, tag_list, facts, more_facts
  FROM (SELECT DISTINCT r.tag_list, r.facts, r.more_facts FROM records WHERE r.tag_list IS NOT NULL OR r.facts IS NOT NULL OR r.more_facts IS NOT NULL)
), pairs AS (
  SELECT set_id, 1 AS rank,
    CASE WHEN regexp_matches(tag, '^[^:=]+[:=].') THEN regexp_extract(tag, '^([^:=]+)[:=]', 1) ELSE tag END AS name,
    CASE WHEN regexp_matches(tag, '^[^:=]+[:=].') THEN regexp_extract(tag, '^[^:=]+[:=](.*)$', 1, 's') ELSE 'true' END AS value
  FROM (SELECT set_id, unnest(CAST(json_extract_string(opened(tag_list), '$[*]') AS VARCHAR[])) AS tag FROM texts WHERE tag_list IS NOT NULL)
  WHERE NOT starts_with(tag, 'User-Agent:')
  UNION ALL
  SELECT set_id, 2, e.key, json_extract_string(e.value, '$')
  FROM texts, json_each(opened(facts)) e WHERE facts IS NOT NULL AND json_type(opened(facts)) = 'OBJECT' AND e.type NOT IN ('OBJECT', 'ARRAY', 'NULL')
  UNION ALL
  SELECT set_id, 3, e.key, json_extract_string(e.value, '$')
  FROM texts, json_each(opened(more_facts)) e WHERE more_facts IS NOT NULL AND json_type(opened(more_facts)) = 'OBJECT' AND e.type NOT IN ('OBJECT', 'ARRAY', 'NULL')
), kept AS (
  SELECT set_id, trim(name) AS name, trim(value) AS value
  FROM pairs
  WHERE length(value) <= 256 AND length(name) BETWEEN 1 AND 256 AND trim(value) <> ''
    AND NOT regexp_matches(name, '(?i)(authorization|secret|passw|api[_-]?key|access[_-]?token|credential|cookie|bearer|private[_-]?key|(^|[_-])token$)')
    AND NOT regexp_matches(name, '(?i)^(prompt|prompts|content|text|message|messages|input|output|completion|query|question|answer)$')
    AND NOT regexp_matches(trim(value), '^(sk-|Bearer |gh[pousr]_|github_pat_|glpat-|hf_|xox[a-z]-|AIza|AKIA|-----BEGIN|eyJ[A-Za-z0-9_-]{10,}\.)')
    AND NOT regexp_matches(trim(name), '^(sk-|gh[pousr]_|github_pat_|glpat-|hf_|xox[a-z]-|AIza|AKIA|eyJ[A-Za-z0-9_-]{10,}\.)')
  QUALIFY row_number() OVER (PARTITION BY set_id, trim(name) ORDER BY rank) = 1
), maps AS (
  SELECT set_id, map_from_entries(list({'k': name, 'v': value} ORDER BY name)) AS tags,
    map_from_entries(list({'k': plain_name, 'v': value} ORDER BY name) FILTER (WHERE is_plainest)) AS plain
  FROM (
    -- headers write Feature or User-Id for what elsewhere is feature or user_id; where both are there, the plain name counts
    SELECT *, lower(replace(name, '-', '_')) AS plain_name,
      row_number() OVER (PARTITION BY set_id, lower(replace(name, '-', '_')) ORDER BY name <> lower(replace(name, '-', '_')), name) = 1 AS is_plainest
    FROM kept
  )
  GROUP BY set_id
)
SELECT t.set_id, t.tag_list, t.facts, t.more_facts, m.tags,
  coalesce(m.plain['agent'], m.plain['agent_name'], m.plain['gen_ai.agent.name'], m.plain['langgraph_node']) AS tag_agent,
  coalesce(m.plain['feature'], m.plain['use_case'], m.plain['gen_ai.workflow.name']) AS tag_feature,
  coalesce(m.plain['environment'], m.plain['env']) AS tag_environment,
  coalesce(m.plain['turn'], m.plain['turn_id']) AS tag_turn,
  coalesce(m.plain['session'], m.plain['session_id'], m.plain['conversation_id'], m.plain['thread_id'], m.plain['helicone_session_id']) AS tag_session,
  coalesce(m.plain['user'], m.plain['user_id'], m.plain['end_user']) AS tag_user,
  m.plain['plan'] AS tag_plan, m.plain['team'] AS tag_team, m.plain['project'] AS tag_project,
  coalesce(m.plain['task'], m.plain['task_id']) AS tag_task
FROM texts t LEFT JOIN maps m ON m.set_id = t.set_id;

-- one row is one record without an id whose line stood in its file before: the how many-th such line it is
CREATE OR REPLACE TEMP TABLE repeats AS
SELECT t.rowid AS row_no, row_number() OVER (PARTITION BY f.name, t.r.line_digest ORDER BY t.rowid) AS occurrence
FROM records t JOIN staged_files f ON f.file = t.r.file
WHERE t.r.request_id IS NULL AND t.r.problem IS NULL AND t.r.skip IS NULL AND (t.r.doubt IS NULL OR t.careful)
QUALIFY occurrence > 1;
