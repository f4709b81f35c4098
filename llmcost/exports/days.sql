-- one row is one UTC day of the ledger: what it holds, as digests that change with any of its rows
-- facts: everything but the price; prices: what a changed catalogue changes. Rows without time are a day of their own
SELECT CASE WHEN day_number IS NULL THEN NULL ELSE strftime(make_timestamp(day_number * 86400000000), '%Y-%m-%d') END AS day,
  rows, min_us, max_us, facts, prices
FROM (
  SELECT ts_us // 86400000000 AS day_number, count(*) AS rows, min(ts_us) AS min_us, max(ts_us) AS max_us,
    bit_xor(hash({facts})) AS facts, bit_xor(hash(seq, {prices})) AS prices
  FROM requests
  WHERE ($since_us IS NULL OR ts_us >= $since_us) AND ($until_us IS NULL OR ts_us < $until_us)
  GROUP BY ts_us // 86400000000
) ORDER BY day NULLS FIRST
