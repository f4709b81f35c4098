-- no row: the ledger is the logged traffic again
DROP VIEW temp.ledger
