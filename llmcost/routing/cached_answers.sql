-- one row is one request with its rule and draw; what a response cache answers draws -1
SELECT p.* REPLACE (CASE WHEN h.seq IS NULL THEN p.draw ELSE -1 END AS draw) FROM ({placed}) p LEFT JOIN response_hits h ON h.seq = p.seq
