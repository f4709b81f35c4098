-- one row is one request that meets a cache of whole answers; whoever simulates fills it
CREATE OR REPLACE TEMP TABLE response_requests (
  seq BIGINT,           -- unique; breaks ties of time
  ts_us BIGINT,         -- null: meets no cache
  scope VARCHAR,        -- who shares answers: everybody, a tenant ...
  provider VARCHAR,
  model VARCHAR,
  prompt_hash VARCHAR,  -- null: meets no cache
  ttl_us BIGINT,        -- null: for ever
  cost DECIMAL(18, 12)  -- what the request costs without the cache; null is unknown
)
