-- one row is one bucket (or page) of a provider's usage or cost report: no request, its results go to a table of their own
-- raw: json
SELECT file, md5(CAST(json AS VARCHAR)) AS line_digest, 'provider_pages' AS source,
  CASE WHEN NOT coalesce('ARRAY' IN (json_type(json, '$.results'), json_type(json, '$.data')), false) THEN 'no page' END AS doubt,
  'a page of usage or cost, kept for reconcile' AS skip
FROM raw
