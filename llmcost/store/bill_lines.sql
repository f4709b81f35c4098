-- one row is one line of a bill that was applied, as it was read: adjustments follow from the lines of all accounts of a provider together
-- `bill_first_day` and `bill_end_day` are those of its bill, which another bill of the account replaces as a whole; a bill without an account is the provider's
-- days begin at midnight in `tz`; `amount` is USD with the digits that it was written in, `billed` the same in its own currency where that is another; `tokens` is JSON by column of the ledger
CREATE TABLE bill_lines (
  provider VARCHAR, account VARCHAR, bill_first_day DATE, bill_end_day DATE, tz VARCHAR,
  form VARCHAR, kind VARCHAR, first_day DATE, end_day DATE, text VARCHAR, amount VARCHAR, model VARCHAR, component VARCHAR, tier VARCHAR,
  requests BIGINT, tokens VARCHAR, searches BIGINT, speed VARCHAR, inference_geo VARCHAR, place VARCHAR,
  billed VARCHAR, currency VARCHAR, usd_rate VARCHAR, rate_day DATE
);
-- what was applied before there were accounts: each stretch of days is a bill of its own, its money as it was kept
INSERT INTO bill_lines BY NAME
WITH ordered AS (
  SELECT *, started_us >= max(ended_us) OVER (PARTITION BY provider ORDER BY started_us, ended_us ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS is_new
  FROM adjustments
), numbered AS (
  SELECT *, count(*) FILTER (WHERE is_new) OVER (PARTITION BY provider ORDER BY started_us, ended_us ROWS UNBOUNDED PRECEDING) AS bill FROM ordered
), bills AS (
  SELECT *, min(started_us) OVER (PARTITION BY provider, bill) AS bill_started_us, max(ended_us) OVER (PARTITION BY provider, bill) AS bill_ended_us FROM numbered
)
SELECT provider, CAST(make_timestamp(bill_started_us) AS DATE) AS bill_first_day, CAST(make_timestamp(bill_ended_us) AS DATE) AS bill_end_day, 'UTC' AS tz,
  'invoice' AS form, CAST(make_timestamp(started_us) AS DATE) AS first_day, CAST(make_timestamp(ended_us) AS DATE) AS end_day,
  CASE WHEN cause IN ('tax', 'credit', 'adjustment') THEN cause WHEN cause = 'top-up' THEN 'top_up' WHEN cause = 'draw-down' THEN 'draw_down' ELSE 'usage' END AS kind,
  '' AS text, rtrim(rtrim(CAST(theirs AS VARCHAR), '0'), '.') AS amount, model, '{}' AS tokens, 0 AS searches, 'applied before' AS place
FROM bills WHERE theirs IS NOT NULL;
