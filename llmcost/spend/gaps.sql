-- one row is one stretch of three hours or more in which a source was silent although those hours of the week are usually busy
-- usual: busy in at least three quarters of the weeks in which the source was heard of (of which there are three or more),
-- and one or two weeks before: a source that is silent for longer has stopped
WITH busy AS (
  SELECT DISTINCT source, ts_us // 3600000000 AS hour FROM requests WHERE ts_us IS NOT NULL
), spans AS (
  SELECT source, min(hour) AS first_hour, max(hour) AS last_hour FROM busy GROUP BY source
), weeks AS (
  SELECT DISTINCT source, hour // 168 AS week FROM busy
), slots AS (
  SELECT source, hour % 168 AS slot, count(*) AS times FROM busy GROUP BY source, hour % 168
), usual AS (
  SELECT l.source, l.slot
  FROM slots l
  JOIN spans s ON s.source = l.source
  JOIN weeks w ON w.source = l.source AND w.week * 168 + l.slot >= s.first_hour AND w.week * 168 + l.slot <= s.last_hour
  GROUP BY l.source, l.slot, l.times
  HAVING count(*) >= 3 AND l.times * 4 >= count(*) * 3
), expected AS (
  SELECT source, hour + 168 AS hour FROM busy UNION SELECT source, hour + 336 FROM busy
), silent AS (
  SELECT e.source, e.hour, e.hour - row_number() OVER (PARTITION BY e.source ORDER BY e.hour) AS island
  FROM expected e
  JOIN spans s ON s.source = e.source AND e.hour >= s.first_hour AND e.hour <= s.last_hour
  JOIN usual u ON u.source = e.source AND u.slot = e.hour % 168
  LEFT JOIN busy b ON b.source = e.source AND b.hour = e.hour
  WHERE b.hour IS NULL
)
SELECT source, min(hour) * 3600000000 AS since_us, (max(hour) + 1) * 3600000000 AS until_us
FROM silent GROUP BY source, island
HAVING count(*) >= 3
  AND ($since_us IS NULL OR (max(hour) + 1) * 3600000000 > $since_us) AND ($until_us IS NULL OR min(hour) * 3600000000 < $until_us)
ORDER BY since_us, source
