-- the only row: the newest day on which a price of the stored costs was checked
SELECT max(json_extract_string(detail, '$.source.checked')) FROM prices
