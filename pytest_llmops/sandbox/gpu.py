"""The GPU of the model server, whose memory its models take: for what else shows it, in a file of the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.sandbox.models import Model
    from pytest_llmops.sandbox.stack import Stack

_DRIVER_MB = 310
"""What a driver takes by itself."""


class Gpu:
    """What is in the memory of the GPU.

    Args:
        stack: whose.
    """

    def __init__(self, stack: Stack) -> None:
        self._file = stack.directory / "gpu"
        self._keeps = "llm:keeps-gpu" in stack.faults
        self._taken: int | None = None

    def hold(self, models: Iterable[Model]) -> None:
        """Hold these models, and no others."""
        taken = sum(model.size for model in models)
        taken = max(self._taken or 0, taken) if self._keeps else taken
        if taken != self._taken:
            self._taken = taken
            part = self._file.with_suffix(".part")
            part.write_text(f"{taken}", encoding="ascii")
            part.replace(self._file)

    def shown(self) -> dict[str, str]:
        """What texts of the profile may name: ``{gpu.used_mb}``."""
        taken = int(self._file.read_text(encoding="ascii")) if self._file.is_file() else 0
        return {"gpu.used_mb": str(_DRIVER_MB + taken // 1_000_000)}
