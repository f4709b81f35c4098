-- one row is one request and what the limits make of it: 0 served, 1 blocked, 2 sent to another model
CREATE OR REPLACE TEMP TABLE {table} AS
SELECT t.seq, coalesce(list_extract($outcomes, x.decided_by + 1), 0) AS outcome
FROM {members} t LEFT JOIN cap_refused x ON x.item = t.item
WHERE t.requests = 1
