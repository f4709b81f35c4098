-- the only row: how many differences there are, and what they cost
SELECT count(*), sum({cost}) FROM export_differences
