-- the only row: everything that the caps look at
SELECT count(*) AS users, CAST(coalesce(sum(requests), 0) AS BIGINT) AS requests, CAST(coalesce(sum(items), 0) AS BIGINT) AS items,
  CAST(coalesce(sum(cost_pico), 0) AS HUGEINT) AS cost_pico, min(first_us) AS first_us, max(last_us) AS last_us
FROM cap_subjects
