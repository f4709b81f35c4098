-- one row is one target's own answer in a pair, with the score of that answer
CREATE OR REPLACE TEMP TABLE routing_alternatives AS
SELECT p.pair, p.target, p.own_quality AS quality, r.*
FROM routing_paired p JOIN requests r ON r.seq = p.seq WHERE p.target IS NOT NULL AND p.is_first
