-- the only row: whether any user has a second name, whether any is one of ours
SELECT bool_or(match_key <> "user"), bool_or(is_internal) FROM llmcost_users
