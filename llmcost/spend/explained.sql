-- one row is one stored request of this id, to be priced by other prices
CREATE OR REPLACE TEMP TABLE explained AS FROM {main}.requests WHERE request_id = $id
