"""An LLM system's runbook, as pytest."""

__version__ = "0.1.0"
