-- one row is one record of a file in order: whether it is a part of the one before
SELECT coalesce(r.part, 0) > 0 FROM records WHERE r.file = $file AND rowid >= $first_row ORDER BY rowid
