-- one row is one provider with the days for which a bill was applied, and how many of its adjustments reach beyond the window
SELECT provider, min(started_us) AS started_us, max(ended_us) AS ended_us,
  CAST(count(*) FILTER (WHERE started_us < coalesce($since_us, started_us) OR ended_us > coalesce($until_us, ended_us)) AS BIGINT) AS beyond
FROM adjustments
WHERE ended_us > coalesce($since_us, started_us) AND started_us < coalesce($until_us, ended_us)
GROUP BY provider ORDER BY provider
