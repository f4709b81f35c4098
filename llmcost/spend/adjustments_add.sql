-- one row is one line of the statement, its money from text: no digit passes through a binary number
INSERT INTO adjustments BY NAME
SELECT $provider AS provider, $model AS model, $started_us AS started_us, $ended_us AS ended_us, $cause AS cause, CAST($ours AS DECIMAL(38, 24)) AS ours,
  CAST($theirs AS DECIMAL(38, 24)) AS theirs, CAST($amount AS DECIMAL(38, 24)) AS amount, CAST($ledger_models AS VARCHAR[]) AS ledger_models
