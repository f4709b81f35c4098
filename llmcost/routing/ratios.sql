-- one row is one logged model, one target that answered the same prompts (or tasks) and one feature: sums over the pairs, from which the ratio of tokens and its error follow
WITH keyed AS (
  SELECT coalesce('t:' || task, 'p:' || prompt_hash) AS pair, provider, model, rt_feature AS feature, seq,
    fresh_input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_write_12h_tokens + cache_write_other_tokens AS input,
    text_output_tokens AS output, reasoning_tokens AS reasoning
  FROM ({attributed})
  WHERE kind = 'call' AND requests = 1 AND usage_quality = 'exact' AND (task IS NOT NULL OR prompt_hash IS NOT NULL) AND seq > $after
), several AS (
  -- one prompt has one size on one model: where it has two, the digest is that of a redacted or a partial prompt, and teaches nothing
  SELECT pair
  FROM (SELECT pair, provider, model, min(input) = max(input) AS one_size FROM keyed GROUP BY pair, provider, model)
  GROUP BY pair HAVING count(*) > 1 AND bool_and(one_size)
), numbered AS (
  SELECT k.*, row_number() OVER (PARTITION BY pair, provider, model ORDER BY seq) AS nth FROM keyed k SEMI JOIN several USING (pair)
)
SELECT a.provider, a.model, l.target, a.feature, count(*),
  CAST(sum(a.input) AS HUGEINT), CAST(sum(b.input) AS HUGEINT), CAST(sum(a.input * a.input) AS HUGEINT), CAST(sum(a.input * b.input) AS HUGEINT), CAST(sum(b.input * b.input) AS HUGEINT),
  CAST(sum(a.output) AS HUGEINT), CAST(sum(b.output) AS HUGEINT), CAST(sum(a.output * a.output) AS HUGEINT), CAST(sum(a.output * b.output) AS HUGEINT), CAST(sum(b.output * b.output) AS HUGEINT),
  CAST(sum(b.reasoning) AS HUGEINT)
FROM numbered a
JOIN numbered b ON a.pair = b.pair AND a.nth = b.nth AND (a.provider, a.model) IS DISTINCT FROM (b.provider, b.model)
JOIN routing_logged l ON l.provider IS NOT DISTINCT FROM b.provider AND l.model IS NOT DISTINCT FROM b.model
GROUP BY ALL ORDER BY ALL
