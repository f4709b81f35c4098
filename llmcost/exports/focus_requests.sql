-- one row is one request of the days in `focus_window`: what charges.sql prices by the catalogue alone
CREATE OR REPLACE TEMP VIEW requests AS
SELECT r.* FROM {main}.requests r JOIN focus_window w ON r.ts_us >= w.since_us AND r.ts_us < w.until_us
