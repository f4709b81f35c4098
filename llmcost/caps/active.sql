-- the only row: users seen in the sample, and users of whom users.csv knows an LTV
SELECT count(*) FILTER (WHERE is_active), count(ltv) FROM cap_people
