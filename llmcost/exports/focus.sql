-- one row is one charge: a day, who it belongs to, and one SKU (input, cache read, cache write, output, a fee ... apart)
-- reads the ledger with its dimensions; focus_rates: what one unit of a component costs under a price;
-- focus_levels: the list and the contracted price of each request, where they are not the price that was applied; focus_others: what is no usage
-- costs are quantity x rate in integers, exact; what rounding each request to pico-dollars made of them is a row of its own
WITH priced AS NOT MATERIALIZED (
  SELECT a.*, coalesce(l.price_id, a.price_id) AS list_id, coalesce(k.price_id, a.price_id) AS contract_id
  FROM ({attributed}) a
  LEFT JOIN focus_levels l ON l.seq = a.seq AND l.level = 'list'
  LEFT JOIN focus_levels k ON k.seq = a.seq AND k.level = 'contracted'
  WHERE a.cost IS NOT NULL AND a.price_id IS NOT NULL
), summed AS (
  SELECT {groups}, price_id, list_id, contract_id, {token_sums}
  FROM priced GROUP BY {groups}, price_id, list_id, contract_id
), tokens AS (
  SELECT {groups}, price_id, list_id, contract_id, part.component, part.micro, part.requests
  FROM (SELECT {groups}, price_id, list_id, contract_id, unnest([{token_parts}]) AS part FROM summed)
  WHERE part.micro > 0
), used AS (
  SELECT {groups}, price_id, list_id, contract_id, entry.key AS component, entry.value AS quantity, requests
  FROM (SELECT {groups}, price_id, list_id, contract_id, requests, unnest(map_entries(units)) AS entry FROM priced WHERE units IS NOT NULL)
), fees AS (
  SELECT {groups_u}, u.price_id, u.list_id, u.contract_id, u.component,
    sum(CAST(CASE WHEN c.once THEN least(u.quantity, u.requests) ELSE u.quantity END * 1000000 AS HUGEINT)) AS micro,
    CAST(sum(u.requests) AS HUGEINT) AS requests
  FROM used u JOIN focus_rates c ON c.price_id = u.price_id AND c.component = u.component
  WHERE u.quantity > 0
  GROUP BY {groups_u}, u.price_id, u.list_id, u.contract_id, u.component
), charged AS (
  SELECT p.*, c.provider AS rate_provider, c.model AS rate_model, c.terms, c.checked, c.is_unit,
    c.pico AS billed_pico, c.places AS billed_places,
    coalesce(k.pico, c.pico) AS contracted_pico, coalesce(k.places, c.places) AS contracted_places,
    coalesce(l.pico, c.pico) AS list_pico, coalesce(l.places, c.places) AS list_places,
    CASE WHEN c.is_unit THEN 6 ELSE 0 END AS shift
  FROM (FROM tokens UNION ALL FROM fees) p
  JOIN focus_rates c ON c.price_id = p.price_id AND c.component = p.component
  LEFT JOIN focus_rates l ON l.price_id = p.list_id AND l.component = p.component
  LEFT JOIN focus_rates k ON k.price_id = p.contract_id AND k.component = p.component
), usage AS (
  SELECT {groups}, price_id, component, rate_provider AS provider,
    CAST(export_scaled(micro * billed_pico, billed_places + shift) AS DECIMAL(38, 24)) AS billed,
    CAST(export_scaled(micro * contracted_pico, contracted_places + shift) AS DECIMAL(38, 24)) AS contracted,
    CAST(export_scaled(micro * list_pico, list_places + shift) AS DECIMAL(38, 24)) AS list,
    CAST(export_scaled(contracted_pico, contracted_places - 6 + shift) AS DECIMAL(38, 24)) AS contracted_price,
    CAST(export_scaled(list_pico, list_places - 6 + shift) AS DECIMAL(38, 24)) AS list_price,
    CAST(export_scaled(micro, 6) AS DECIMAL(38, 24)) AS quantity,
    CAST(export_scaled(micro, shift) || CASE WHEN shift = 0 THEN '0' ELSE '' END AS DECIMAL(38, 24)) AS consumed,
    rate_model AS model, terms, checked, is_unit, list_id, requests
  FROM charged
), rounding AS (
  SELECT utc_day, provider, sum(cost) AS difference
  FROM (SELECT p.utc_day, d.provider, CAST(p.cost AS DECIMAL(38, 24)) AS cost
        FROM (SELECT utc_day, price_id, sum(cost) AS cost FROM priced GROUP BY utc_day, price_id) p
        JOIN (SELECT DISTINCT price_id, provider FROM focus_rates) d ON d.price_id = p.price_id
        UNION ALL SELECT utc_day, provider, -billed FROM usage)
  GROUP BY utc_day, provider HAVING sum(cost) <> 0
)
SELECT {groups}, provider, 'Usage' AS category, 'Usage-Based' AS frequency, model || ' ' || lower(m.meter) AS description,
  billed, billed AS effective, contracted, list, contracted_price, list_price, quantity, consumed,
  m.pricing_unit, m.consumed_unit, 'Standard' AS pricing_category, m.meter, m.token_type,
  provider || '/' || model || '/' || u.component AS sku_id, price_id || '/' || u.component AS sku_price_id, model, list_id AS list_price_id,
  terms, checked AS price_checked, requests
FROM usage u JOIN focus_meters m ON m.component = u.component
UNION ALL BY NAME
SELECT utc_day, provider, 'Adjustment' AS category, 'One-Time' AS frequency, 'Rounding of each request to pico-dollars' AS description,
  difference AS billed, difference AS effective, difference AS contracted, difference AS list
FROM rounding
UNION ALL BY NAME
SELECT utc_day, provider, category, frequency, description, billed, effective, contracted, list,
  -- a fixed cost is the use of a thing for a day: a purchase would have no effective cost
  CASE WHEN category = 'Usage' THEN billed END AS contracted_price, CASE WHEN category = 'Usage' THEN billed END AS list_price,
  CASE WHEN category = 'Usage' THEN 1 END AS quantity, CASE WHEN category = 'Usage' THEN 1 END AS consumed,
  CASE WHEN category = 'Usage' THEN 'Days' END AS pricing_unit, CASE WHEN category = 'Usage' THEN 'Days' END AS consumed_unit,
  CASE WHEN category = 'Usage' THEN 'Standard' END AS pricing_category, CASE WHEN category = 'Usage' THEN 'Days' END AS meter,
  CASE WHEN category = 'Usage' THEN 'fixed/' || provider END AS sku_id, CASE WHEN category = 'Usage' THEN 'fixed/' || provider || '/day' END AS sku_price_id
FROM focus_others
WHERE list_contains($days, utc_day)
