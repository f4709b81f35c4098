-- the only row: whether the log tells with which probability its models were drawn
SELECT count(scores['propensity']) > 0 FROM requests WHERE scores IS NOT NULL
