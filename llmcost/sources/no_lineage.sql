-- nothing is a span: nobody repeats his children, and there is nothing to inherit
CREATE OR REPLACE TEMP TABLE repeats_children (row_no BIGINT);
CREATE OR REPLACE TEMP TABLE inherited (
  row_no BIGINT, "user" VARCHAR, plan VARCHAR, agent VARCHAR, feature VARCHAR, team VARCHAR, project VARCHAR,
  environment VARCHAR, session VARCHAR, turn VARCHAR, task VARCHAR, tags MAP(VARCHAR, VARCHAR)
)
