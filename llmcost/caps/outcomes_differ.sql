-- the only row: requests, how many have another outcome, and how many are refused by the caps as wanted and as held
SELECT count(*), count(*) FILTER (w.outcome <> h.outcome), count(*) FILTER (w.outcome > 0), count(*) FILTER (h.outcome > 0)
FROM cap_wanted w JOIN cap_held h ON h.seq = w.seq
