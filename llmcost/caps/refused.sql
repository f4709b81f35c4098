-- one row is one request (or turn) beyond a limit, with the number of the limit that decided
CREATE OR REPLACE TEMP TABLE cap_refused (item BIGINT, decided_by BIGINT)
