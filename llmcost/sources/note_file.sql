-- remembers a file as it was read
INSERT INTO target.files VALUES (
  $path, $source, $bytes, $mtime_ns, $fingerprint, $now_us, $lines, $requests, $new_rows, $duplicates, $quarantined,
  map(CAST($reasons AS VARCHAR[]), CAST($reason_counts AS BIGINT[]))
)
