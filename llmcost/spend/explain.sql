-- one row is one request of this id, with the arithmetic of its price
SELECT l.*, p.detail FROM ledger l LEFT JOIN prices p ON p.price_id = l.price_id WHERE l.request_id = $id ORDER BY l.seq
