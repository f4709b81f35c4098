-- one row is one price that stored requests carry
SELECT DISTINCT price_id FROM requests WHERE price_id IS NOT NULL
