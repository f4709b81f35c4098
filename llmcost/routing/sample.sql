-- one row is one request to evaluate before its model is changed: of every kind the first, then in proportion to how many there are
SELECT request_id, rule, feature, logged, target, size
FROM (
  SELECT r.request_id, b.rule, b.feature, r.model AS logged, b.target,
    row_number() OVER (PARTITION BY b.rule, b.feature, r.model, b.target ORDER BY md5($seed || ':' || r.request_id), r.seq) AS place,
    count(*) OVER (PARTITION BY b.rule, b.feature, r.model, b.target) AS size
  FROM ({billed}) b JOIN requests r ON r.seq = b.base_seq
  WHERE b.part IN ('final', 'step') AND b.variant = 0 AND b.basis IN ('scaled', 'other')
)
ORDER BY place > 1, (2 * place - 1) * 1000000 // size, size DESC, request_id
LIMIT $number
