-- the only row: the time of the newest request
SELECT max(ts_us) FROM requests
