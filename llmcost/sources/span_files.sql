-- one row is one file that holds spans of a trace: what a span inherits may stand anywhere in its file, so that it is read whole
SELECT DISTINCT f.name FROM records t JOIN staged_files f ON f.file = t.r.file WHERE t.r.span IS NOT NULL
