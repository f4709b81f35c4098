-- one row is one logged model that is a target of the policy
SELECT provider, model, target FROM routing_logged ORDER BY ALL
