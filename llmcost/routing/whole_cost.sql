-- the only row: what the replay costs in all, of the requests that have a price on both sides
SELECT sum(after_cost) FROM ({outcome}) WHERE variant = 0 AND before_cost IS NOT NULL AND after_cost IS NOT NULL
