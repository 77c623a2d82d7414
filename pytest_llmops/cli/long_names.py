"""Names in a table, folded between their parts (``monday-health.input-``, ``sanitisation``) and not within a word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions
    from rich.measure import Measurement


class LongName:
    """A cell of a table.

    Args:
        name: words of letters and digits, with dots and hyphens between them.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts = re.findall(r"[^.-]*[.-]|[^.-]+", name)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.measure import Measurement

        return Measurement(max(map(len, self._parts), default=0), len(self._name))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[str]:
        lines = [""]
        for part in self._parts:
            if lines[-1] and len(lines[-1]) + len(part) > options.max_width:
                lines.append("")
            lines[-1] += part
        yield "\n".join(lines)
