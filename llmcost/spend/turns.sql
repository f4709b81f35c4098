-- the only row: the turns of all rows together, for one turn may stand in several groups
SELECT count(DISTINCT coalesce(turn_given, trace, request_id)) FROM attributed WHERE kind <> 'iteration'
