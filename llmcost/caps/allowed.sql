-- one row is one plan with what a user of it may cost in the sample
CREATE OR REPLACE TEMP TABLE cap_allowed (plan VARCHAR, most_pico HUGEINT)
