-- one row is one plan: its users, the least and the most that one of them leaves, and those who leave less than nothing
SELECT plan, count(*), min(margin_pico), max(margin_pico), count(*) FILTER (WHERE margin_pico < 0),
  CAST(coalesce(sum(margin_pico) FILTER (WHERE margin_pico < 0), 0) AS HUGEINT)
FROM cap_margins GROUP BY plan ORDER BY plan
