-- one row is one line of users.csv that cannot be meant: no user, a date that is none, or two plans at one time
WITH dated AS (
  SELECT *, TRY_CAST(valid_from AS DATE) AS f, TRY_CAST(valid_to AS DATE) AS t FROM llmcost_users_read
)
SELECT line, what FROM (
  SELECT line, CASE
    WHEN nullif("user", '') IS NULL THEN 'a row without a user'
    WHEN valid_from <> '' AND f IS NULL THEN 'valid_from is no date: ' || left(valid_from, 40)
    WHEN valid_to <> '' AND t IS NULL THEN 'valid_to is no date: ' || left(valid_to, 40)
    WHEN t <= f THEN 'valid_to is not after valid_from'
    WHEN EXISTS (SELECT 1 FROM dated o WHERE o."user" = d."user" AND o.line < d.line
                 AND coalesce(o.f, '0001-01-01'::DATE) < coalesce(d.t, '9999-12-31'::DATE) AND coalesce(d.f, '0001-01-01'::DATE) < coalesce(o.t, '9999-12-31'::DATE))
      THEN 'the user ' || left("user", 40) || ' has two rows for the same time'
  END AS what
  FROM dated d
)
WHERE what IS NOT NULL ORDER BY line
