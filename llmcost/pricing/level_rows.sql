-- one row is one stored request of the window, to be priced at another level
CREATE OR REPLACE TEMP TABLE level_rows AS
FROM {main}.requests
WHERE ($since_us IS NULL OR ts_us >= $since_us) AND ($until_us IS NULL OR ts_us < $until_us)
