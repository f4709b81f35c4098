-- one row is one applied bill of a provider
SELECT DISTINCT bill_first_day, bill_end_day, tz, account FROM bill_lines WHERE provider = $provider ORDER BY ALL
