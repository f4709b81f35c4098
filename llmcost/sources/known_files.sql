-- one row is one file that was read before, as it was then
SELECT path, bytes, mtime_ns, fingerprint, source, lines, requests, quarantined FROM files
