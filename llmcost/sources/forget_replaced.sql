-- a row of the ledger that had no usage makes way for one that has
DELETE FROM target.requests WHERE seq IN (SELECT seq FROM known WHERE better)
