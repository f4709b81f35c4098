-- one row is one request whose prompt came more than once to its scope and model, in order of time within its answer
SELECT answer, seq, ts_us, coalesce(ttl_us, -1) AS ttl_us FROM (
  SELECT dense_rank() OVER (ORDER BY scope, provider, model, prompt_hash) AS answer, seq, ts_us, ttl_us,
    count(*) OVER (PARTITION BY scope, provider, model, prompt_hash) AS times
  FROM response_requests
  WHERE prompt_hash IS NOT NULL AND ts_us IS NOT NULL
)
WHERE times > 1
ORDER BY answer, ts_us, seq
