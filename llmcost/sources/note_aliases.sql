-- one row is one further id of a request, for rows that come later and know it by that one
INSERT INTO target.aliases
SELECT DISTINCT c.alias, c.final_id FROM candidates c WHERE c.alias IS NOT NULL AND c.alias <> c.final_id
EXCEPT FROM target.aliases
