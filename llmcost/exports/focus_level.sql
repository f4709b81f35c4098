-- one row is one request with its price at a level of prices that has its own
INSERT INTO focus_levels SELECT seq, $level, price_id FROM ({charges}) WHERE price_id IS NOT NULL
