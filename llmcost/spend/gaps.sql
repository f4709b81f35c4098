-- one row is one stretch of three hours or more in which a source was silent although those hours of the week are usually busy
-- usual: busy in at least three quarters of the weeks in which the source was heard of, of which there are three or more
-- looked for in those weeks and the ones after them: a source that is silent for longer has stopped
WITH busy AS (
  SELECT DISTINCT source, ts_us // 3600000000 AS hour FROM requests WHERE ts_us IS NOT NULL
), spans AS (
  SELECT source, min(hour) AS first_hour, max(hour) AS last_hour FROM busy GROUP BY source
), weeks AS (
  SELECT source, week, bool_or(is_heard) AS is_heard
  FROM (SELECT source, hour // 168 AS week, true AS is_heard FROM busy UNION ALL SELECT source, hour // 168 + 1, false FROM busy)
  GROUP BY source, week
), hours AS (
  SELECT source, is_heard, week * 168 + unnest(range(168)) AS hour FROM weeks
), marked AS (
  SELECT h.source, h.hour, b.hour IS NOT NULL AS is_busy,
    count(b.hour) OVER same_hour AS times, sum(CASE WHEN h.is_heard THEN 1 ELSE 0 END) OVER same_hour AS chances
  FROM hours h
  JOIN spans s ON s.source = h.source AND h.hour BETWEEN s.first_hour AND s.last_hour
  LEFT JOIN busy b ON b.source = h.source AND b.hour = h.hour
  WINDOW same_hour AS (PARTITION BY h.source, h.hour % 168)
), silent AS (
  SELECT source, hour, hour - row_number() OVER (PARTITION BY source ORDER BY hour) AS island
  FROM marked WHERE NOT is_busy AND chances >= 3 AND times * 4 >= chances * 3
)
SELECT source, min(hour) * 3600000000 AS since_us, (max(hour) + 1) * 3600000000 AS until_us
FROM silent GROUP BY source, island
HAVING count(*) >= 3
  AND ($since_us IS NULL OR (max(hour) + 1) * 3600000000 > $since_us) AND ($until_us IS NULL OR min(hour) * 3600000000 < $until_us)
ORDER BY since_us, source
