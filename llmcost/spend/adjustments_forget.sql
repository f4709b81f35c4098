-- what followed from the bills of these days of a provider makes way for what follows from them now; a bill in another zone began some hours apart
DELETE FROM adjustments
WHERE provider = $provider AND started_us >= $started_us - 50400000000 AND ended_us <= $ended_us + 50400000000
