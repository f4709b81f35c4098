"""What the same traffic would have cost under another policy: the policy language, replay, intervals, quality, caches."""
