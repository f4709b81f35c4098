-- one row is one file of this batch: where its records begin, and the line of the first one
CREATE OR REPLACE TEMP TABLE staged_files (file VARCHAR, name VARCHAR, first_row BIGINT, first_line BIGINT);
-- one row is one record whose line does not follow from its position: blank lines before it, or elements of a JSON document
CREATE OR REPLACE TEMP TABLE staged_lines (row_no BIGINT, line BIGINT);
-- one row is one run of such records on consecutive lines, on its way into staged_lines
CREATE OR REPLACE TEMP TABLE line_runs (row_no BIGINT, records BIGINT, line BIGINT);
-- one row is one file, with what became of its lines
CREATE OR REPLACE TEMP TABLE read_files (
  path VARCHAR, source VARCHAR, bytes BIGINT, mtime_ns BIGINT, fingerprint VARCHAR, ingested_us BIGINT,
  lines BIGINT, requests BIGINT, new_rows BIGINT, duplicates BIGINT, quarantined BIGINT, skipped VARCHAR,
  read_bytes BIGINT, read_lines BIGINT, read_digest VARCHAR, first_line_digest VARCHAR, before_seq BIGINT, first_line BIGINT
);
-- one row is one file of which an earlier reading has read the beginning: its rows in the ledger, and the first line that is new
CREATE OR REPLACE TEMP TABLE read_on (name VARCHAR, before_seq BIGINT, first_line BIGINT);
-- one row is one line that could not be read
CREATE OR REPLACE TEMP TABLE refused (file VARCHAR, line BIGINT, reason VARCHAR);
-- one row is one result of a provider's page, with the digest of the record that holds it in place of its line
CREATE OR REPLACE TEMP TABLE page_rows (
  page_key VARCHAR, file VARCHAR, line_digest VARCHAR, provider VARCHAR, kind VARCHAR, started_us BIGINT, ended_us BIGINT,
  model VARCHAR, line_item VARCHAR, token_type VARCHAR, project VARCHAR, "key" VARCHAR, "user" VARCHAR,
  service_tier VARCHAR, batch BOOLEAN, context_window VARCHAR, inference_geo VARCHAR, speed VARCHAR,
  requests BIGINT, fresh_input_tokens BIGINT, cache_read_tokens BIGINT, cache_write_5m_tokens BIGINT, cache_write_1h_tokens BIGINT,
  cache_write_other_tokens BIGINT, audio_input_tokens BIGINT, text_output_tokens BIGINT, audio_output_tokens BIGINT, web_searches BIGINT,
  amount DECIMAL(38, 24), currency VARCHAR
);
