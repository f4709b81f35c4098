-- the turns of all rows together: one turn may stand in several groups
SELECT count(DISTINCT coalesce(turn, trace, request_id)) FROM attributed WHERE kind <> 'iteration'
