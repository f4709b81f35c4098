"""llmcost: where the money of an LLM product goes, priced exactly, from the logs that are already there."""

__version__ = "0.1.0"
