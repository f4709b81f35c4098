-- the only row: the name that the engine has for the open ledger
SELECT current_database()
