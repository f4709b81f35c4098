-- one row is one combination of names that stored requests carry, with the prices that bill it: one line per stretch of time, hours and size
CREATE TABLE priced_terms (
  provider VARCHAR, model VARCHAR, service_tier VARCHAR, speed VARCHAR, region VARCHAR, inference_geo VARCHAR, prices VARCHAR
);
