-- one row is one turn (or one request) of production with its user, the plan of that time and the calendar month
CREATE OR REPLACE TEMP TABLE cap_units AS
SELECT *, row_number() OVER (PARTITION BY subject, plan, month ORDER BY ts_us, item) AS place
FROM (
  SELECT *, strftime({local}, '%Y-%m') AS month
  FROM (
    SELECT item, subject, first(plan ORDER BY ts_us, seq) AS plan, min(ts_us) AS ts_us, CAST(sum(requests) AS BIGINT) AS requests,
      CAST(sum(cost_pico) AS HUGEINT) AS cost_pico, bool_or(is_unknown) AS is_unknown
    FROM {members} GROUP BY item, subject
  )
)
