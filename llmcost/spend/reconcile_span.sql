-- the only row: from when to when the ledger holds requests of any kind, and the rates of its prices are in `prices`
SELECT min(ts_us) AS first_us, max(ts_us) AS last_us FROM requests
