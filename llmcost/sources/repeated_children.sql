-- one row is one file: how many of its spans repeat the usage of their children
SELECT f.name, count(*) FROM repeats_children p JOIN records t ON t.rowid = p.row_no JOIN staged_files f ON f.file = t.r.file GROUP BY f.name
