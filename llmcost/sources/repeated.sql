-- one row is one file and why some of its records are no requests of their own: how many they are
SELECT f.name, p.reason, count(*)
FROM (SELECT row_no, 'repeats the usage of its children' AS reason FROM repeats_children UNION ALL SELECT row_no, 'told by the transcript of its session' FROM overheard) p
JOIN records t ON t.rowid = p.row_no JOIN staged_files f ON f.file = t.r.file
GROUP BY ALL
