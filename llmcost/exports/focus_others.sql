-- one row is one charge that is no usage: a fixed cost, or what prepaid money paid
CREATE OR REPLACE TEMP TABLE focus_others (
  utc_day VARCHAR, provider VARCHAR, category VARCHAR, frequency VARCHAR, description VARCHAR,
  billed DECIMAL(38, 24), effective DECIMAL(38, 24), contracted DECIMAL(38, 24), list DECIMAL(38, 24)
)
