-- one row is one candidate cap with what it would have refused: the units after the first `most` of a user's calendar month
SELECT c.number, count(r.item), CAST(coalesce(sum(r.requests), 0) AS BIGINT), CAST(coalesce(sum(r.cost_pico), 0) AS HUGEINT), count(DISTINCT r.subject)
FROM cap_candidates c LEFT JOIN cap_units r ON r.plan = $plan AND r.place > c.most
GROUP BY c.number ORDER BY c.number
