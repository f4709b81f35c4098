-- one row is one line of a usage page with its cost at our prices, NULL where there is none
SELECT seq, cost FROM ({charges}) ORDER BY seq
