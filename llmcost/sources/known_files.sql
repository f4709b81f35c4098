-- one row is one file that was read before, as it was then
SELECT path, bytes, mtime_ns, fingerprint, source, lines, requests, new_rows, duplicates, quarantined, skipped,
  read_bytes, read_lines, read_digest, first_line_digest, before_seq
FROM files
