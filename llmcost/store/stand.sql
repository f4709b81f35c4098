-- one row is one row of a temporary relation that stands for a stored table or view
CREATE OR REPLACE TEMP VIEW {name} AS FROM {relation}
