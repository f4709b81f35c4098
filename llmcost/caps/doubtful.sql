-- one row is one request (or turn) of a user of whom a cap could refuse something
CREATE OR REPLACE TEMP TABLE cap_rows AS
SELECT s.slice, s.lane, i.* EXCLUDE (subject)
FROM cap_items i JOIN cap_subjects s ON s.subject = i.subject AND s.slice IS NOT NULL
