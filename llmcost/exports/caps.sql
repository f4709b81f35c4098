-- one row is one day, cap and user: the requests that the cap looked at, and those that it would have refused
SELECT strftime(make_timestamp(t.ts_us), '%Y-%m-%d') AS utc_day, strftime(make_timestamp(t.ts_us), '%Y-%m-%d') AS day,
  c.cap, c.name, c.plan, c.unit, c."window", c.kind, c.on_limit, {user} AS "user",
  count(*) AS requests, count(*) FILTER (WHERE x.decided_by = c.number) AS refused,
  CAST(sum(CAST(t.cost_pico * 0.000000000001::DECIMAL(12, 12) AS DECIMAL(18, 12))) AS DECIMAL(38, 12)) AS cost,
  coalesce(sum(CAST(t.cost_pico * 0.000000000001::DECIMAL(12, 12) AS DECIMAL(18, 12))) FILTER (WHERE x.decided_by = c.number), 0) AS refused_cost
FROM cap_traffic t
JOIN {members} m ON m.seq = t.seq
JOIN cap_items i ON i.item = m.item
JOIN export_cap_list c ON {looks}
LEFT JOIN cap_refused x ON x.item = m.item
WHERE list_contains($days, strftime(make_timestamp(t.ts_us), '%Y-%m-%d'))
GROUP BY ALL
