"""What may be shown of a finding: its first characters and how long it is."""

from __future__ import annotations


def masked(value: str, keep: int = 2) -> str:
    """As much of a value as may be shown, e.g. ``ja… (20 characters)``; of a short one nothing but its length."""
    shown = value[:keep] if len(value) >= 4 * keep else ""
    return f"{' '.join(shown.split())}… ({len(value)} characters)"
