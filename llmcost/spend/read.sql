-- the only row: what ingest has seen, over all files of the store
SELECT CAST(coalesce(sum(lines), 0) AS BIGINT) AS rows_read, CAST(coalesce(sum(duplicates), 0) AS BIGINT) AS duplicates,
  CAST(coalesce(sum(quarantined), 0) AS BIGINT) AS quarantined, CAST(coalesce(sum(list_sum(map_values(skipped))), 0) AS BIGINT) AS skipped,
  count(*) AS files
FROM files
