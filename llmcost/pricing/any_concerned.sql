-- the only row: whether any prices changed
SELECT count(*) > 0 FROM concerned
