-- one row is one request with its cost by the vendor's list, by the user's own prices, and as it is stored
CREATE OR REPLACE TEMP TABLE level_costs AS
SELECT r.seq, l.cost AS list_cost, c.cost AS contracted_cost, r.cost AS billed_cost
FROM level_rows r JOIN level_list l ON l.seq = r.seq JOIN level_contracted c ON c.seq = r.seq
