-- one row is one row of users.csv, counted from 1
CREATE TEMP TABLE llmcost_users_read AS
SELECT row_number() OVER () AS position, nullif("user", '') AS "user", nullif(plan, '') AS plan, nullif(alias, '') AS alias,
  nullif(kind, '') AS kind, nullif(ltv, '') AS ltv, nullif(revenue_per_month, '') AS revenue_per_month,
  nullif(valid_from, '') AS valid_from, nullif(valid_to, '') AS valid_to
FROM (SELECT *{absent} FROM {rows});

-- one row is one name of a user (its own or its alias) and a stretch of time with its plan; dates are days in UTC
CREATE TEMP TABLE llmcost_users AS
WITH named AS (
  SELECT "user" AS match_key, * FROM llmcost_users_read
  UNION ALL
  SELECT alias AS match_key, * FROM llmcost_users_read WHERE alias <> "user"
)
SELECT match_key, position, "user", plan, kind,
  coalesce(kind IN ('internal', 'test', 'evaluation'), false) AS is_internal,
  TRY_CAST(ltv AS DECIMAL(18, 6)) AS ltv, TRY_CAST(revenue_per_month AS DECIMAL(18, 6)) AS revenue_per_month,
  coalesce(epoch_us(CAST(TRY_CAST(valid_from AS DATE) AS TIMESTAMP)), -9000000000000000) AS from_us,
  coalesce(epoch_us(CAST(TRY_CAST(valid_to AS DATE) AS TIMESTAMP)), 253402300800000000) AS to_us,
  count(*) OVER (PARTITION BY match_key) = 1 AS is_only
FROM named
