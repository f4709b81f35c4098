-- one row is one call with the digest of its prompt, null where the log holds no text
SELECT request_id, prompt_hash FROM requests WHERE kind = 'call' AND requests = 1 ORDER BY seq
