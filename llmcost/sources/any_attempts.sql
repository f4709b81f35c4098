-- whether the ledger holds a failed attempt at all: without one there are no chains to rebuild
SELECT count(*) > 0 FROM (SELECT 1 FROM target.requests WHERE kind = 'attempt' LIMIT 1)
