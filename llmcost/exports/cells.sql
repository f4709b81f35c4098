-- one row is nothing: how a cell of each kind is written in CSV, and what stands for a user outside of the store
-- the variables export_escapes, export_json_escapes, export_guard, export_inner and export_outer are set by cells.py

-- the class of characters is figures.UNSEEN
CREATE OR REPLACE TEMP MACRO export_shown(x, escapes) AS
  CASE WHEN regexp_matches(x, '[\x00-\x1f\x7f-\x{9f}\x{2028}-\x{202e}\x{2066}-\x{2069}]')
       THEN array_to_string(list_transform(string_split(x, ''), lambda c: coalesce(escapes[c], c)), '') ELSE x END;

-- a spreadsheet runs a cell that begins with one of these
CREATE OR REPLACE TEMP MACRO export_text(x) AS
  CASE WHEN getvariable('export_guard') AND regexp_matches(x, '^[=+\-@\t\r\x00]') THEN '''' ELSE '' END
    || export_shown(x, getvariable('export_escapes'));

CREATE OR REPLACE TEMP MACRO export_json(x) AS export_shown(CAST(x AS VARCHAR), getvariable('export_json_escapes'));

-- a decimal without the zeros at its end; whole numbers as `whole` says ('' or '.0')
CREATE OR REPLACE TEMP MACRO export_plain(x, whole) AS
  CASE WHEN contains(CAST(x AS VARCHAR), '.') AND NOT ends_with(rtrim(CAST(x AS VARCHAR), '0'), '.') THEN rtrim(CAST(x AS VARCHAR), '0')
       ELSE rtrim(rtrim(CAST(x AS VARCHAR), CASE WHEN contains(CAST(x AS VARCHAR), '.') THEN '0' ELSE '' END), '.') || whole END;

CREATE OR REPLACE TEMP MACRO export_time(x) AS
  CASE WHEN epoch_us(x) % 1000000 = 0 THEN strftime(x, '%Y-%m-%dT%H:%M:%SZ') ELSE strftime(x, '%Y-%m-%dT%H:%M:%S.%fZ') END;

-- HMAC-SHA256 with the key of the store, the first half of it: equal users stay equal, and nobody without the key can try names
CREATE OR REPLACE TEMP MACRO export_hashed(x) AS
  left(sha256(getvariable('export_outer') || unhex(sha256(getvariable('export_inner') || encode(x)))), 32);

-- an integer of 10^-places as a plain decimal; zeros go in front of it first, for lpad would cut what is longer
CREATE OR REPLACE TEMP MACRO export_padded(x, places) AS
  repeat('0', greatest(places + 1 - length(CAST(abs(x) AS VARCHAR)), 0)) || CAST(abs(x) AS VARCHAR);

CREATE OR REPLACE TEMP MACRO export_scaled(x, places) AS
  CASE WHEN x < 0 THEN '-' ELSE '' END
    || left(export_padded(x, places), length(export_padded(x, places)) - places) || '.' || right(export_padded(x, places), places)
