-- one row is one request of a relation that stands for the stored ones
CREATE OR REPLACE TEMP VIEW requests AS FROM {relation}
