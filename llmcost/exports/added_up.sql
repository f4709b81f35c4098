-- the only row: how many rows a file holds, and what they cost
SELECT count(*), sum(CAST({cost} AS DECIMAL(38, 24))) FROM {file}
