-- no row: users.csv is not there
SELECT NULL AS subject, false AS is_now, NULL AS plan, NULL AS ltv, NULL AS revenue WHERE false
