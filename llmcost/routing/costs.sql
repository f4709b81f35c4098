-- one row is one request with what it costs under the rules of the policy, before any cap
CREATE OR REPLACE TEMP TABLE routing_costs AS
SELECT base_seq AS seq, CAST(after_cost AS DECIMAL(18, 12)) AS cost FROM ({outcome}) WHERE variant = 0
