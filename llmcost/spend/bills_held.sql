-- one row is one bill that was applied before and reaches beyond these days of an account
SELECT DISTINCT bill_first_day, bill_end_day FROM bill_lines
WHERE provider = $provider AND (account IS NULL OR $account IS NULL OR account = $account) AND bill_first_day < $end_day AND bill_end_day > $first_day
ORDER BY ALL LIMIT 1
