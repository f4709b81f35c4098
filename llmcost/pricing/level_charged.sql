-- one row is one request with what it costs at that level
CREATE OR REPLACE TEMP TABLE level_{level} AS SELECT seq, cost FROM {charges}
