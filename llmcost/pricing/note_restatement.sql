-- one row is one day whose cost changed because the catalogue did
INSERT INTO restatements
SELECT $now_us, CAST(ts AS DATE), count(*), sum(old_cost), sum(new_cost), $digest FROM changed GROUP BY CAST(ts AS DATE)
