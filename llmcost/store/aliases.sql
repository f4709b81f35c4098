-- one row is one further id of a request: a log that knows it by that one only tells about the same
CREATE TABLE aliases (alias VARCHAR, request_id VARCHAR);
