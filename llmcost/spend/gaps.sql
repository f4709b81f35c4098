-- one row is one stretch of three hours or more in which a source was silent although those hours of the week are usually busy
-- usual: busy in at least three quarters of the weeks, of which there are three or more
WITH busy AS (
  SELECT DISTINCT source, ts_us // 3600000000 AS hour FROM requests WHERE ts_us IS NOT NULL
), spans AS (
  SELECT source, min(hour) AS first_hour, max(hour) AS last_hour FROM busy GROUP BY source HAVING max(hour) - min(hour) >= 504
), hours AS (
  SELECT source, unnest(range(first_hour, last_hour + 1)) AS hour FROM spans
), marked AS (
  SELECT h.source, h.hour, b.hour IS NOT NULL AS is_busy,
    avg(CASE WHEN b.hour IS NOT NULL THEN 1 ELSE 0 END) OVER (PARTITION BY h.source, h.hour % 168) AS usual
  FROM hours h LEFT JOIN busy b ON b.source = h.source AND b.hour = h.hour
), silent AS (
  SELECT source, hour, hour - row_number() OVER (PARTITION BY source ORDER BY hour) AS island FROM marked WHERE NOT is_busy AND usual >= 0.75
)
SELECT source, min(hour) * 3600000000 AS since_us, (max(hour) + 1) * 3600000000 AS until_us
FROM silent GROUP BY source, island HAVING count(*) >= 3 ORDER BY since_us, source
