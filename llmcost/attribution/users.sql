-- one row is one name of a user (its own or its alias) and a stretch of time with its plan
CREATE TEMP TABLE llmcost_users AS
SELECT DISTINCT ON (name, from_us) name, "user", nullif(plan, '') AS plan, nullif(kind, '') AS kind,
  TRY_CAST(ltv AS DECIMAL(18, 6)) AS ltv, TRY_CAST(revenue_per_month AS DECIMAL(18, 6)) AS revenue_per_month,
  coalesce(epoch_us(TRY_CAST(valid_from AS TIMESTAMP)), -9000000000000000) AS from_us,
  coalesce(epoch_us(TRY_CAST(valid_to AS TIMESTAMP)), 253402300800000000) AS to_us
FROM (
  SELECT "user" AS name, * FROM llmcost_users_read
  UNION ALL
  SELECT alias AS name, * FROM llmcost_users_read WHERE nullif(alias, '') IS NOT NULL AND alias <> "user"
)
ORDER BY name, from_us, name <> "user"
