-- one row is one request of a rule that has a response cache
-- one prompt has one size on one model: with another size it has other tools, or the digest is that of a redacted text
INSERT INTO response_requests
SELECT seq, ts_us, {scope}, {provider}, {model}, prompt_hash || ' ' || input_tokens, {ttl}, cost FROM ({placed}) WHERE {cached} AND kind = 'call'
