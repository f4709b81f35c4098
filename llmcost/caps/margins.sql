-- one row is one user as of now, the silent ones too, with what is left of a month in pico-dollars: revenue - other costs - LLM
CREATE OR REPLACE TEMP TABLE cap_margins AS
SELECT subject, plan, revenue_pico, llm_pico, revenue_pico - other_pico - llm_pico AS margin_pico
FROM (
  SELECT p.subject, p.plan, t.other_pico, coalesce(CAST(p.revenue * 1000000000000 AS HUGEINT), t.price_pico) AS revenue_pico,
    p.cost_pico * 730 // ($days * 24) AS llm_pico
  FROM cap_people p JOIN cap_tariffs t ON t.plan = p.plan
)
