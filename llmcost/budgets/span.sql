-- the only row: the first and the last time of the rows
SELECT min(ts_us), max(ts_us) FROM attributed
