-- one row is one row of the ledger as it was read, after its UTC day; rows without time first
SELECT utc_day, {names} FROM ({select}) ORDER BY utc_day NULLS FIRST, seq
