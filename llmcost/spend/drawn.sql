-- one row is one provider and UTC day with what its requests cost, oldest day first; a provider is called as in the catalogue
SELECT json_extract_string(p.detail, '$.provider') AS provider, strftime(r.ts, '%Y-%m-%d') AS day, CAST(sum(r.cost) AS DECIMAL(38, 12)) AS cost
FROM ledger r JOIN prices p ON p.price_id = r.price_id
WHERE r.ts IS NOT NULL AND r.cost IS NOT NULL
GROUP BY ALL ORDER BY day, provider
