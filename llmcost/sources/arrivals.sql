-- what tells requests apart: the id; together with the time where it is a bare number, for two systems may both count from 1,
-- and where a gateway gave the id of its call to each failed attempt
CREATE OR REPLACE TEMP MACRO fold_key(id, kind, source, ts_us) AS
  CASE WHEN (length(id) < 16 AND regexp_full_match(id, '[0-9]+')) OR (kind = 'attempt' AND starts_with(source, 'litellm'))
       THEN id || '@' || coalesce(CAST(ts_us AS VARCHAR), '') ELSE id END;
-- which of two rows of one request tells more: 0 has usage, 1 ended without, 2 may still be running
CREATE OR REPLACE TEMP MACRO unfinished(usage_quality, status) AS
  CASE WHEN usage_quality <> 'missing' THEN 0 WHEN status <> 'success' THEN 1 ELSE 2 END;

-- the files in which coding agents keep their sessions; those who also send events tell the same calls there, under no id that both know
CREATE OR REPLACE TEMP MACRO is_transcript(source) AS source IN ('claude_code', 'codex', 'gemini_cli', 'qwen_code');
-- one row is one event of a session whose transcript is read too, here or before: it tells nothing new
CREATE OR REPLACE TEMP TABLE overheard AS
WITH events AS (SELECT rowid AS row_no, r.session AS session FROM records WHERE r.source = 'otlp_logs' AND r.session IS NOT NULL AND r.skip IS NULL AND r.problem IS NULL)
SELECT row_no FROM events WHERE session IN (
  SELECT r.session FROM records WHERE is_transcript(r.source) AND r.skip IS NULL AND r.problem IS NULL
  UNION ALL SELECT session FROM target.requests WHERE is_transcript(source));

-- one row is one record that is a request, named; without an id of its own it has a digest of its line and the occurrence
CREATE OR REPLACE TEMP VIEW candidates AS
SELECT *, fold_key(final_id, kind, source, ts_us) AS fold_key
FROM (
  SELECT r.*, t.rowid AS row_no,
    coalesce(n.canonical, t.r.request_id, 'line-' || left(t.r.line_digest, 24) || '-' || coalesce(o.occurrence, 1)) AS final_id
  FROM records t LEFT JOIN repeats o ON o.row_no = t.rowid LEFT JOIN identities n ON n.id = t.r.request_id
  WHERE t.r.problem IS NULL AND t.r.skip IS NULL AND (t.r.doubt IS NULL OR t.careful)
) c
ANTI JOIN repeats_children p ON p.row_no = c.row_no
ANTI JOIN overheard e ON e.row_no = c.row_no;

-- the same, placed: with its file and its line
CREATE OR REPLACE TEMP VIEW placed AS
SELECT c.*,
  coalesce(c.given_file, f.name) AS final_file,
  coalesce(c.given_line, l.line, c.row_no - f.first_row + f.first_line) AS final_line
FROM candidates c
JOIN staged_files f ON f.file = c.file
LEFT JOIN staged_lines l ON l.row_no = c.row_no;

-- the same, with the attribution that stands in its tags, or comes from the spans above it
CREATE OR REPLACE TEMP VIEW arrivals AS
SELECT a.* REPLACE (
  coalesce(a."user", s.tag_user, h."user") AS "user", coalesce(a.plan, s.tag_plan, h.plan) AS plan, coalesce(a.agent, s.tag_agent, h.agent) AS agent,
  coalesce(a.feature, s.tag_feature, h.feature) AS feature, coalesce(a.team, s.tag_team, h.team) AS team,
  coalesce(a.project, s.tag_project, h.project) AS project, coalesce(a.environment, s.tag_environment, h.environment) AS environment,
  coalesce(a.session, s.tag_session, h.session) AS session, coalesce(a.turn, s.tag_turn, h.turn) AS turn, coalesce(a.task, s.tag_task, h.task) AS task, coalesce(h.parent, a.parent) AS parent,
  coalesce(a.tags, CASE WHEN h.tags IS NOT NULL THEN map_concat(h.tags, coalesce(s.tags, MAP {})) ELSE s.tags END, MAP {}) AS tags)
FROM placed a
LEFT JOIN tag_sets s
  ON s.tag_list IS NOT DISTINCT FROM a.tag_list AND s.facts IS NOT DISTINCT FROM a.facts AND s.more_facts IS NOT DISTINCT FROM a.more_facts
LEFT JOIN inherited h ON h.row_no = a.row_no;

-- one row is one record that is folded into another of this batch
CREATE OR REPLACE TEMP TABLE folded AS
WITH repeated AS (SELECT fold_key FROM candidates GROUP BY fold_key HAVING count(*) > 1)
SELECT row_no FROM candidates SEMI JOIN repeated USING (fold_key)
QUALIFY row_number() OVER (
  PARTITION BY fold_key
  ORDER BY unfinished(usage_quality, status), kind = 'cache_hit', text_output_tokens + reasoning_tokens + audio_output_tokens + image_output_tokens DESC,
    fresh_input_tokens + cache_read_tokens DESC, coalesce(ts_us, 0) DESC, row_no
) > 1;

-- one row is one record that the ledger has already; `better` when it tells more than the ledger's row
CREATE OR REPLACE TEMP TABLE known AS
WITH old AS (
  SELECT t.seq, t.request_id AS final_id, t.request_id, t.kind, t.source, t.ts_us, t.usage_quality, t.status, t.file, t.line
  FROM target.requests t SEMI JOIN candidates c ON c.final_id = t.request_id
  UNION ALL
  -- two rows of the ledger that turn out to be one
  SELECT t.seq, n.canonical, n.canonical, t.kind, t.source, t.ts_us, t.usage_quality, t.status, t.file, t.line
  FROM identities n JOIN target.requests t ON t.request_id = n.id WHERE n.id <> n.canonical
)
SELECT a.row_no, a.fold_key, a.final_id, t.seq, unfinished(t.usage_quality, t.status) > unfinished(a.usage_quality, a.status) AS better,
  t.file = a.final_file AND t.line = a.final_line AS same_line
FROM placed a JOIN old t ON t.final_id = a.final_id AND fold_key(t.request_id, t.kind, t.source, t.ts_us) = a.fold_key
WHERE a.row_no NOT IN (SELECT row_no FROM folded);
