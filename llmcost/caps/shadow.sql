-- one row is one request of traffic that stands for the logged one, in the columns of the ledger view
CREATE OR REPLACE TEMP VIEW ledger AS SELECT * FROM {relation}
