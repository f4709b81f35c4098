-- what was applied for these days of a provider makes way for what is applied now
DELETE FROM adjustments WHERE provider = $provider AND started_us >= $started_us AND ended_us <= $ended_us
