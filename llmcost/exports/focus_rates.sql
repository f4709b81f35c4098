-- what the components of a price cost (pico / 10^places USD each), what they are called, and the prices of other levels (list, contracted) than the applied one
CREATE OR REPLACE TEMP TABLE focus_rates (
  price_id VARCHAR, component VARCHAR, pico HUGEINT, places INTEGER, once BOOLEAN, is_unit BOOLEAN,
  provider VARCHAR, model VARCHAR, terms VARCHAR, checked VARCHAR
);
CREATE OR REPLACE TEMP TABLE focus_meters (component VARCHAR, meter VARCHAR, token_type VARCHAR, pricing_unit VARCHAR, consumed_unit VARCHAR);
CREATE OR REPLACE TEMP TABLE focus_levels (seq BIGINT, level VARCHAR, price_id VARCHAR)
