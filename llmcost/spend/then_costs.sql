-- one row is one request that had a price then too: what it would have cost
CREATE OR REPLACE TEMP TABLE then_costs AS SELECT seq, cost AS then_cost FROM ({charges}) WHERE cost IS NOT NULL
