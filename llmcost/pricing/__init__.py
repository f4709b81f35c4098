"""Prices: catalogue files to rates, names to price keys, requests to charges. What cannot be priced is null, with a reason."""
