-- no row: the name means the stored table or view again
DROP VIEW temp.{name}
