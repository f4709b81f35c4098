-- one row is one decision, in the order of the replay
SELECT request_id, served FROM cap_decisions WHERE place > $after AND place <= $after + $size ORDER BY place
