-- the only row: requests that caps look at whose cost is not known
SELECT count(*) FROM cap_traffic WHERE is_unknown AND requests = 1
