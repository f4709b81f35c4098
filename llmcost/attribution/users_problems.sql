-- one row is one row of users.csv that cannot be meant: no user, a date or an amount that is none, or two rows for one time
SELECT position, what FROM (
  SELECT position, CASE
    WHEN "user" IS NULL THEN 'a row without a user'
    WHEN valid_from IS NOT NULL AND NOT (regexp_full_match(valid_from, '\d{4}-\d\d-\d\d') AND TRY_CAST(valid_from AS DATE) IS NOT NULL)
      THEN 'valid_from is no date: ' || left(valid_from, 40)
    WHEN valid_to IS NOT NULL AND NOT (regexp_full_match(valid_to, '\d{4}-\d\d-\d\d') AND TRY_CAST(valid_to AS DATE) IS NOT NULL)
      THEN 'valid_to is no date: ' || left(valid_to, 40)
    WHEN valid_to <= valid_from THEN 'valid_to is not after valid_from'
    WHEN ltv IS NOT NULL AND TRY_CAST(ltv AS DECIMAL(18, 6)) IS NULL THEN 'ltv is no amount: ' || left(ltv, 40)
    WHEN revenue_per_month IS NOT NULL AND TRY_CAST(revenue_per_month AS DECIMAL(18, 6)) IS NULL
      THEN 'revenue_per_month is no amount: ' || left(revenue_per_month, 40)
  END AS what
  FROM llmcost_users_read
  UNION ALL
  SELECT greatest(position, before), CASE WHEN from_us < before_us THEN '''' || left(match_key, 40) || ''' has two rows for the same time' END
  FROM (
    SELECT *, max(to_us) OVER earlier AS before_us, arg_max(position, to_us) OVER earlier AS before
    FROM llmcost_users
    WINDOW earlier AS (PARTITION BY match_key ORDER BY from_us, position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  )
)
WHERE what IS NOT NULL ORDER BY position
