-- one row is one line of the bills of a provider that lie in these days
SELECT * EXCLUDE (bill_first_day, bill_end_day, tz) FROM bill_lines
WHERE provider = $provider AND bill_first_day >= $first_day AND bill_end_day <= $end_day ORDER BY ALL
