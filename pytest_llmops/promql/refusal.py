"""What is said of an expression that cannot be evaluated."""

from __future__ import annotations

from pytest_llmops.errors import LlmopsError


class PromqlError(LlmopsError):
    """An expression is no PromQL, is outside the part that is known here, or cannot be evaluated over these series."""
