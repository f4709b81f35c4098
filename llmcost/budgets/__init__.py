"""Budgets as verdicts: pass, warn, breach or undecided, for CI."""
