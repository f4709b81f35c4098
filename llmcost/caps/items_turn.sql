-- one row is one turn: it begins with its first request and weighs what all its requests weigh; `item` is that request's seq
CREATE OR REPLACE TEMP TABLE cap_members AS
SELECT *, first_value(seq) OVER (PARTITION BY subject, turn ORDER BY ts_us, seq) AS item FROM cap_traffic;
CREATE OR REPLACE TEMP TABLE cap_turns AS
SELECT item, subject, min(ts_us) AS ts_us, item AS seq, CAST(sum(requests) AS BIGINT) AS requests, CAST(sum(cost_pico) AS BIGINT) AS cost_pico,
  1 AS weight_turn, CAST(sum(requests) AS BIGINT) AS weight_request, CAST(sum(tokens) AS BIGINT) AS weight_token,
  CAST(sum(cost_pico) AS BIGINT) AS weight_usd{flags}
FROM cap_members GROUP BY item, subject;
CREATE OR REPLACE TEMP VIEW cap_items AS SELECT * FROM cap_turns
