-- one row is one request that caps look at: of production, of a known user and time, one request each (a row of an aggregate is none)
CREATE OR REPLACE TEMP TABLE cap_traffic AS
SELECT cap_subject AS subject, cap_turn AS turn, cap_plan AS plan, ts_us, seq, requests,
  coalesce(CAST(cost * 1000000000000 AS BIGINT), 0) AS cost_pico, input_tokens + output_tokens AS tokens, cost IS NULL AS is_unknown{flags}
FROM (SELECT *{extra} FROM ({attributed}))
WHERE cap_scope = 'production' AND cap_subject IS NOT NULL AND ts_us IS NOT NULL AND requests = 1
  AND (billed_requests = 1 OR ($by_turn AND kind = 'iteration' AND coalesce(turn_given, trace) IS NOT NULL))
