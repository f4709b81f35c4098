-- one row is one request with its place in the order of the replay: 1 when it is served within the limits
CREATE OR REPLACE TEMP TABLE cap_decisions AS
SELECT row_number() OVER (ORDER BY t.ts_us, t.seq) AS place, r.request_id, CASE WHEN x.item IS NULL THEN 1 ELSE 0 END AS served
FROM {members} t JOIN requests r ON r.seq = t.seq LEFT JOIN cap_refused x ON x.item = t.item
WHERE t.requests = 1
