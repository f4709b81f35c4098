-- nothing is a span: nobody repeats his children, and there is nothing to inherit
CREATE OR REPLACE TEMP TABLE repeats_children (row_no BIGINT);
CREATE OR REPLACE TEMP TABLE spans (row_no BIGINT, used BOOLEAN);
CREATE OR REPLACE TEMP TABLE climbs (row_no BIGINT, trace VARCHAR, above VARCHAR);
CREATE OR REPLACE TEMP TABLE inherited (
  row_no BIGINT, parent VARCHAR, "user" VARCHAR, plan VARCHAR, agent VARCHAR, feature VARCHAR, team VARCHAR, project VARCHAR,
  environment VARCHAR, session VARCHAR, turn VARCHAR, task VARCHAR, tags MAP(VARCHAR, VARCHAR)
)
