-- one row is one price in use, with the rates of its parts
SELECT price_id, detail FROM prices
