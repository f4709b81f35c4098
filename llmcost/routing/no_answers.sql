-- no row: the log is not read as pairs
CREATE OR REPLACE TEMP TABLE routing_alternatives AS
SELECT NULL::VARCHAR AS pair, NULL::BIGINT AS target, NULL::DECIMAL(18, 6) AS quality, r.* FROM requests r WHERE false
