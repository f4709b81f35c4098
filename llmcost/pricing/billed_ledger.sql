-- no row: the ledger has the stored costs again
DROP VIEW temp.ledger
