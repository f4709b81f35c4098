-- one row is one cap that downgrades, with whom it goes to
CREATE OR REPLACE TEMP TABLE cap_downgrades (number BIGINT, provider VARCHAR, model VARCHAR)
