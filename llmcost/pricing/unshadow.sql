-- no row: `requests` is the stored table again
DROP VIEW temp.requests
