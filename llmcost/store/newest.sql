-- the only row: the time of the newest request, or of the newest before an instant
SELECT max(ts_us) FROM requests WHERE $until_us IS NULL OR ts_us < $until_us
