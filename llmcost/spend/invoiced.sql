-- one row is one request as in the view `ledger`, or one adjustment: money of a provider and model, no request and no tokens
-- it stands in the middle of its period, so that its day, or month, is the same in every time zone; one of several days has no day of its own
CREATE OR REPLACE TEMP VIEW invoiced AS
SELECT * FROM ledger
UNION ALL BY NAME
SELECT '(invoice: ' || cause || ')' AS source, (started_us + ended_us) // 2 AS ts_us,
  CASE WHEN ended_us - started_us <= {finest_us} THEN make_timestamp((started_us + ended_us) // 2) END AS ts,
  'adjustment' AS kind, 0 AS requests, provider, model, '(invoice: ' || cause || ')' AS agent, '(invoice: ' || cause || ')' AS feature, '(invoice: ' || cause || ')' AS "user",
  '(invoice: ' || cause || ')' AS team, '(invoice: ' || cause || ')' AS "key", '(invoice: ' || cause || ')' AS project,
  {zeros}, 0 AS billed_requests, 0 AS unbilled_attempts, false AS is_unpriced, 'exact' AS usage_quality, amount AS cost
FROM adjustments_in_window
