-- one row is one request of a rule that has a response cache
INSERT INTO response_requests
SELECT seq, ts_us, {scope}, {provider}, {model}, prompt_hash, {ttl}, cost FROM ({placed}) WHERE {cached} AND kind = 'call'
