-- one row is one rule and model (and user or session, where an interval is asked for): its requests before and after; what lacks a price on either side is counted apart
CREATE OR REPLACE TEMP TABLE routing_cells AS
SELECT variant, rule, target, part, basis, logged, {unit} AS unit,
  count(*) FILTER (WHERE known) AS requests, count(*) FILTER (WHERE NOT known) AS unknown,
  count(*) FILTER (WHERE known AND part <> 'blocked') AS served, count(*) FILTER (WHERE known AND is_strong) AS strong,
  CAST(coalesce(sum(before_pico) FILTER (WHERE known), 0) AS HUGEINT) AS before_pico, CAST(coalesce(sum(after_pico) FILTER (WHERE known), 0) AS HUGEINT) AS after_pico,
  CAST(coalesce(sum(before_read) FILTER (WHERE known), 0) AS BIGINT) AS before_read, CAST(coalesce(sum(after_read) FILTER (WHERE known), 0) AS BIGINT) AS after_read,
  count(*) FILTER (WHERE known AND before_ms IS NOT NULL AND after_ms IS NOT NULL) AS timed,
  CAST(coalesce(sum(before_ms) FILTER (WHERE known AND after_ms IS NOT NULL), 0) AS BIGINT) AS before_ms,
  CAST(coalesce(sum(after_ms) FILTER (WHERE known AND before_ms IS NOT NULL), 0) AS BIGINT) AS after_ms,
  count(*) FILTER (WHERE known AND before_quality IS NOT NULL AND after_quality IS NOT NULL) AS judged,
  coalesce(sum(before_quality) FILTER (WHERE known AND after_quality IS NOT NULL), 0) AS before_quality,
  coalesce(sum(after_quality) FILTER (WHERE known AND before_quality IS NOT NULL), 0) AS after_quality
FROM (SELECT *, before_pico IS NOT NULL AND after_pico IS NOT NULL AS known FROM ({outcome}))
GROUP BY ALL
