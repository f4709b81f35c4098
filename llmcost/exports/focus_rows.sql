-- one row is one charge under the names of FOCUS
CREATE OR REPLACE TEMP TABLE focus_rows AS
WITH named AS (
  SELECT *,
    coalesce(getvariable('export_providers')[provider], provider) AS provider_name,
    $account AS account,
    CAST(utc_day AS TIMESTAMP) AS day_start,
    CAST(date_trunc('month', CAST(utc_day AS DATE)) AS TIMESTAMP) AS month,
    list_filter([{tags}], lambda e: e.v IS NOT NULL) AS tag_list
  FROM focus_charges
), detailed AS (
  SELECT *,
    CASE WHEN frequency = 'Recurring' THEN provider_name ELSE provider_name || ' API' END AS service_name,
    CASE WHEN len(tag_list) > 0 THEN to_json(map_from_entries(tag_list)) END AS tags,
    CASE WHEN frequency = 'Usage-Based' THEN to_json(map_from_entries(list_filter(
      [struct_pack(k := 'x_ModelId', v := model), struct_pack(k := 'x_TokenType', v := token_type), struct_pack(k := 'x_Terms', v := terms)],
      lambda e: e.v IS NOT NULL))) END AS details
  FROM named
)
SELECT utc_day, {columns} FROM detailed
