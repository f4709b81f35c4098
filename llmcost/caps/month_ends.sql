-- one row is one calendar month with the instant at which it ends
CREATE OR REPLACE TEMP TABLE cap_months (month VARCHAR, ends_us BIGINT)
