-- whether every record brings a place in the order of its own (an exported ledger): then that order is kept
SELECT count(*) > 0 AND count(given_seq) = count(*) AND count(DISTINCT given_seq) = count(*) FROM placed
