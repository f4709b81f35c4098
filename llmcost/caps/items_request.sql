-- one row is one request, as the replay reads it
CREATE OR REPLACE TEMP VIEW cap_items AS
SELECT *, seq AS item, 1 AS weight_turn, requests AS weight_request, tokens AS weight_token, cost_pico AS weight_usd FROM cap_traffic
