-- one row is one line of a Codex session; a token_count event carries what the session has used so far, and a call is the growth since the one before
-- (`codex exec --json` prints the same counter once a turn, as turn.completed, under thread.started)
-- raw: timestamp, type, thread_id, usage STRUCT(input_tokens VARCHAR, cached_input_tokens VARCHAR, cache_write_input_tokens VARCHAR, output_tokens VARCHAR, reasoning_output_tokens VARCHAR, total_tokens VARCHAR),
--   payload STRUCT(type VARCHAR, id VARCHAR, model VARCHAR, cwd VARCHAR, timestamp VARCHAR, model_provider VARCHAR, cli_version VARCHAR, originator VARCHAR, source VARCHAR, forked_from_id VARCHAR,
--     info STRUCT(total_token_usage STRUCT(input_tokens VARCHAR, cached_input_tokens VARCHAR, cache_write_input_tokens VARCHAR, output_tokens VARCHAR, reasoning_output_tokens VARCHAR, total_tokens VARCHAR)))
WITH lines AS (
  SELECT *, coalesce(payload.info.total_token_usage, usage) AS u, (type = 'event_msg' AND payload.type = 'token_count') OR type = 'turn.completed' AS is_count,
    type = 'session_meta' AS is_meta, coalesce(payload.id, thread_id) AS named,
    json_extract_string(TRY_CAST(payload.source AS JSON), '$.subagent.thread_spawn.parent_thread_id') AS opened_by
  FROM raw
), openings AS (
  -- a session that was opened by another, or forked from it, begins with the history of that one: written in the second in which it was made, or with its old times
  SELECT *, first_value(CASE WHEN is_meta AND coalesce(opened_by, payload.forked_from_id) IS NOT NULL THEN {'row_no': row_no, 'at': left(timestamp, 19)} END IGNORE NULLS) OVER (
    PARTITION BY file ORDER BY row_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS opening
  FROM lines
), marked AS (
  SELECT *, row_no > opening.row_no AND left(timestamp, 19) <= opening.at AS is_history,
    -- the head that names the session; those in the history name the one before
    (is_meta OR type = 'thread.started') AND NOT coalesce(is_history, false) AS is_head
  FROM openings
), sessions AS (
  SELECT *,
    last_value(CASE WHEN is_head THEN named END IGNORE NULLS) OVER before AS session_id, last_value(CASE WHEN is_head THEN opened_by END IGNORE NULLS) OVER before AS parent_session,
    last_value(CASE WHEN is_head THEN payload.cwd END IGNORE NULLS) OVER before AS cwd, last_value(CASE WHEN is_head THEN payload.cli_version END IGNORE NULLS) OVER before AS cli_version,
    last_value(CASE WHEN is_head THEN payload.model_provider END IGNORE NULLS) OVER before AS model_provider,
    last_value(CASE WHEN type = 'turn_context' THEN payload.model END IGNORE NULLS) OVER before AS model, sum((type IN ('turn_context', 'turn.started'))::INT) OVER before AS turn_no,
    -- a tuple of a total alone is no usage
    CASE WHEN is_count AND coalesce(u.input_tokens, u.output_tokens) IS NOT NULL AND (u.input_tokens <> '0' OR u.output_tokens <> '0' OR coalesce(u.total_tokens, '0') = '0') THEN
      {'i': coalesce(whole(u.input_tokens), 0), 'r': coalesce(whole(u.cached_input_tokens), 0), 'w': coalesce(whole(u.cache_write_input_tokens), 0), 'o': coalesce(whole(u.output_tokens), 0), 'z': coalesce(whole(u.reasoning_output_tokens), 0)} END AS c
  FROM marked
  WINDOW before AS (PARTITION BY file ORDER BY row_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
), steps AS (
  SELECT *, coalesce(session_id, regexp_extract(file, '([^/\\]+)$', 1)) AS session, lag(c IGNORE NULLS) OVER (PARTITION BY file, session_id ORDER BY row_no) AS before_c
  FROM sessions
), deltas AS (
  SELECT *,
    -- a counter that falls began anew
    CASE WHEN before_c IS NULL OR c.i < before_c.i OR c.o < before_c.o THEN {'i': 0, 'r': 0, 'w': 0, 'o': 0, 'z': 0}::STRUCT(i BIGINT, r BIGINT, w BIGINT, o BIGINT, z BIGINT) ELSE before_c END AS base
  FROM steps
)
SELECT row_no, file, NULL::BIGINT AS part, 'codex' AS source,
  CASE WHEN payload IS NULL AND NOT regexp_matches(coalesce(type, ''), '^(thread|turn|item)[.]|^error$') THEN 'no line of a session' END AS doubt,
  CASE WHEN NOT coalesce(is_count, false) THEN 'a line without usage' WHEN c IS NULL THEN 'a count without usage' WHEN is_history THEN 'replayed from the session that opened this one'
       WHEN c.i = base.i AND c.o = base.o AND before_c IS NOT NULL THEN 'a count said again' END AS skip,
  -- the state of the counter names the call: a copy of the session says the same
  session || ':' || concat_ws('/', c.i, c.r, c.o, c.z) AS id,
  timestamp AS started, coalesce(nullif(model_provider, ''), 'openai') AS provider, model, 'responses' AS operation,
  nullif(regexp_extract(cwd, '([^/\\]+)[/\\]*$', 1), '') AS feature, CASE WHEN parent_session IS NOT NULL THEN 'subagent' END AS agent,
  session, session || ':' || turn_no AS turn,
  CAST(json_object('version', cli_version) AS VARCHAR) AS facts,
  CAST(c.i - base.i AS VARCHAR) AS input, CAST(c.o - base.o AS VARCHAR) AS output,
  CAST(greatest(c.r - base.r, 0) AS VARCHAR) AS cache_read, CAST(greatest(c.w - base.w, 0) AS VARCHAR) AS cache_write, CAST(greatest(c.z - base.z, 0) AS VARCHAR) AS reasoning,
  true AS input_includes_cache, true AS output_includes_reasoning
FROM deltas
