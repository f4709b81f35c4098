-- forgets what billed which names: then everything is priced again
DELETE FROM priced_terms
