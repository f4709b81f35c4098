-- one row is one request (or turn) of one portion of the users, user by user in the order of time
SELECT {chosen} FROM cap_rows WHERE slice = $slice ORDER BY lane, ts_us, seq
