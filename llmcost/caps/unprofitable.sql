-- one row is one user who leaves less than nothing, the dearest first
SELECT subject, plan, revenue_pico, llm_pico, margin_pico FROM cap_margins WHERE margin_pico < 0 ORDER BY margin_pico, subject LIMIT $top
