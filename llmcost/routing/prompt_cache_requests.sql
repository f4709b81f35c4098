-- one row is one request that meets a prompt cache; whoever simulates fills it, with rows that reached the model
CREATE OR REPLACE TEMP TABLE cache_requests (
  seq BIGINT,             -- unique; breaks ties of time
  ts_us BIGINT,           -- null: cannot be simulated
  scope VARCHAR,          -- who shares a cache: organisation, tenant, key ...
  model VARCHAR,          -- caches are per model
  session VARCHAR,        -- the conversation, for rows without blocks
  prefix_blocks BIGINT[], -- ids of the blocks of the prompt in order
  block_tokens BIGINT,    -- what one id stands for; the last block may be shorter
  input_tokens BIGINT,    -- all text input: fresh, read and written
  output_tokens BIGINT,
  ttl_us BIGINT,          -- null: for ever
  min_tokens BIGINT, step_tokens BIGINT, write_column VARCHAR
)
