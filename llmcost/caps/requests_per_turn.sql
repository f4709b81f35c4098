-- one row is one plan (null: all users): the requests and the turns of its traffic
SELECT plan, CAST(sum(requests) AS BIGINT), count(DISTINCT item) FROM cap_members GROUP BY GROUPING SETS ((plan), ())
