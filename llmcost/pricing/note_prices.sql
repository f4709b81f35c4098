-- keeps the arithmetic of every price in use beside the rows that carry it
INSERT OR IGNORE INTO prices SELECT unnest(CAST($ids AS VARCHAR[])), unnest(CAST($details AS VARCHAR[]))
