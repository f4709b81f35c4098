-- one row is one adjustment that lies wholly in the window
CREATE OR REPLACE TEMP TABLE adjustments_in_window AS
SELECT * FROM adjustments
WHERE ($since_us IS NULL OR started_us >= $since_us) AND ($until_us IS NULL OR ended_us <= $until_us) AND amount <> 0
