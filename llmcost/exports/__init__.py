"""Nightly files: the same input gives the same bytes, and a crash leaves nothing half done."""
