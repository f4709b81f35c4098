-- one row is one line of a statement that was applied: what the provider billed for some days, what we computed, and the adjustment from ours to theirs
-- only `report --cost invoiced` adds them up; a cause such as tax has no model, and `ledger_models` are the requests (provider/model) that the line stands for
CREATE TABLE adjustments (
  provider VARCHAR, model VARCHAR, started_us BIGINT, ended_us BIGINT, cause VARCHAR,
  ours DECIMAL(38, 24), theirs DECIMAL(38, 24), amount DECIMAL(38, 24), ledger_models VARCHAR[]
);
