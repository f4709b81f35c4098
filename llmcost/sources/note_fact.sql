-- remembers one fact about the store
INSERT OR REPLACE INTO target.meta VALUES ($name, $value)
