-- what was applied for these days of an account makes way for what is applied now; a bill without an account is of the whole provider
DELETE FROM bill_lines
WHERE provider = $provider AND (account IS NULL OR $account IS NULL OR account = $account) AND bill_first_day >= $first_day AND bill_end_day <= $end_day
