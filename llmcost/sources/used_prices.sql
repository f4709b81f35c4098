-- one row is one price that the new rows carry
SELECT DISTINCT price_id FROM target.requests WHERE seq > getvariable('base_seq') AND price_id IS NOT NULL
