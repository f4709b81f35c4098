-- a row of the ledger makes way for what tells more about the same request
DELETE FROM target.requests WHERE seq IN (FROM outdone)
