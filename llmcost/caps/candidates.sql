-- one row is one candidate cap: the most units of a user and calendar month
CREATE OR REPLACE TEMP TABLE cap_candidates (number BIGINT, most BIGINT)
