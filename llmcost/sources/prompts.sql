-- one row is one prompt as the logs wrote it, with the digest under which the ledger knows it
SELECT DISTINCT left(sha256($prompt_key || CAST(prompt AS VARCHAR)), 32), CAST(prompt AS VARCHAR)
FROM (FROM no_sightings UNION ALL BY NAME ({source})) WHERE prompt IS NOT NULL
