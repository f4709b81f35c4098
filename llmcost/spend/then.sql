-- one row is one request of the window, moved by whole weeks into the last week before the other window ended: hour and weekday stay
CREATE OR REPLACE TEMP TABLE then_rows AS
SELECT * REPLACE (ts_us - ((ts_us - $ended_us) // 604800000000 + 1) * 604800000000 AS ts_us)
FROM requests
WHERE ts_us >= coalesce($since_us, ts_us) AND ts_us < coalesce($until_us, ts_us + 1) AND cost IS NOT NULL
