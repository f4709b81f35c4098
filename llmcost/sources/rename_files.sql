-- one row of `renamed` is one file that was read under another name: what it left in the ledger takes the new name, all at once
DELETE FROM files WHERE path IN (SELECT new FROM renamed) AND path NOT IN (SELECT old FROM renamed);
DELETE FROM quarantine WHERE file IN (SELECT new FROM renamed) AND file NOT IN (SELECT old FROM renamed);
UPDATE files AS f SET path = r.new, mtime_ns = CASE WHEN f.bytes = r.bytes THEN r.mtime_ns ELSE f.mtime_ns END FROM renamed r WHERE f.path = r.old;
UPDATE quarantine AS q SET file = r.new FROM renamed r WHERE q.file = r.old;
UPDATE requests AS t SET file = r.new FROM renamed r WHERE t.file = r.old;
