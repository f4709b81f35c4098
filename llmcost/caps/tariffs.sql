-- one row is one plan of which price and other costs are known, in pico-dollars per user and month
CREATE OR REPLACE TEMP TABLE cap_tariffs (plan VARCHAR, price_pico HUGEINT, other_pico HUGEINT)
