-- what ingest has seen, over all files of the store
SELECT CAST(coalesce(sum(lines), 0) AS BIGINT), CAST(coalesce(sum(duplicates), 0) AS BIGINT), CAST(coalesce(sum(quarantined), 0) AS BIGINT),
  CAST(coalesce(sum(list_sum(map_values(skipped))), 0) AS BIGINT), count(*)
FROM files
