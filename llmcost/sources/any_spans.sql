-- whether any record is a span of a trace, or tells about one
SELECT count(*) > 0 FROM (SELECT 1 FROM records WHERE r.span IS NOT NULL LIMIT 1)
