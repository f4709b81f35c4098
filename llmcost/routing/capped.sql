-- one row is one request that a cap of the policy refuses, with the number of the cap
INSERT INTO routing_capped SELECT t.seq, x.decided_by FROM {members} t JOIN cap_refused x ON x.item = t.item
