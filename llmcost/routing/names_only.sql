-- one row is one combination of names that a price is looked up for
CREATE TEMP TABLE requests (provider VARCHAR, model VARCHAR, service_tier VARCHAR, speed VARCHAR, region VARCHAR, inference_geo VARCHAR)
