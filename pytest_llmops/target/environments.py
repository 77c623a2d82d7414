"""Kinds of deployment."""

from typing import Literal

Environment = Literal["production", "staging", "development", "sandbox"]
