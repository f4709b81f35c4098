-- the only row: the number of the last portion; null when no cap could refuse anything
SELECT max(slice) FROM cap_rows
