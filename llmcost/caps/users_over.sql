-- one row is one user who cost more in the sample than the plan allows for that time
SELECT p.subject, p.plan, p.cost_pico FROM cap_people p JOIN cap_allowed a ON a.plan = p.plan
WHERE p.cost_pico > a.most_pico ORDER BY p.cost_pico DESC, p.subject
