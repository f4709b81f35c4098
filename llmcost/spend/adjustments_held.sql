-- one row is one period that was applied before and reaches beyond these days of a provider
SELECT started_us, ended_us FROM adjustments
WHERE provider = $provider AND started_us < $ended_us AND ended_us > $started_us AND (started_us < $started_us OR ended_us > $ended_us)
ORDER BY started_us LIMIT 1
