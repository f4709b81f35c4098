-- the small tables that a policy becomes: what each rule does with a request, and what a logged model means on each of the policy's models
-- routing_moves: one row is one part of what becomes of a request of a rule whose draw (split, score, acceptance) and chance (failure) fall into the ranges
-- routing_pairs: one row is one logged model on one target: whether it stays, and how tokens scale in millionths; routing_features: the same of one feature
CREATE OR REPLACE TEMP TABLE routing_moves (
  rule BIGINT, number BIGINT, variant BIGINT, target BIGINT, part VARCHAR, draw_from BIGINT, draw_until BIGINT, chance_from BIGINT, chance_until BIGINT,
  is_batch BOOLEAN, add_cost DECIMAL(18, 12), add_ms BIGINT, verifier_input BIGINT, verifier_answer BIGINT, verifier_fixed BIGINT, verifier_output BIGINT
);
CREATE OR REPLACE TEMP TABLE routing_pairs (
  logged BIGINT, provider VARCHAR, model VARCHAR, target BIGINT, variant BIGINT, to_provider VARCHAR, to_model VARCHAR, stays BOOLEAN, own_price BOOLEAN,
  first_us BIGINT, latest_us BIGINT, latency_ms BIGINT, input_ppm BIGINT, output_ppm BIGINT, reasoning_ppm BIGINT, reasoning_of_output_ppm BIGINT
);
CREATE OR REPLACE TEMP TABLE routing_features (
  provider VARCHAR, model VARCHAR, target BIGINT, variant BIGINT, feature VARCHAR, output_ppm BIGINT, reasoning_ppm BIGINT, reasoning_of_output_ppm BIGINT
);
CREATE OR REPLACE TEMP TABLE routing_logged (provider VARCHAR, model VARCHAR, target BIGINT);
CREATE OR REPLACE TEMP TABLE routing_capped (seq BIGINT, decided_by BIGINT)
