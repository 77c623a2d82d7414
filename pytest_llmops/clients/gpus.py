"""Graphics processors, as ``nvidia-smi`` prints them."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from io import StringIO

QUERY = ("--query-gpu=name,memory.used,memory.total,utilization.gpu", "--format=csv,noheader,nounits")


@dataclass(frozen=True, slots=True)
class Gpu:
    """One graphics processor.

    Attributes:
        name: its model.
        memory_pct: of its memory, in use.
        busy_pct: of the last moments, in which something ran on it.
    """

    name: str
    memory_pct: float
    busy_pct: float


def of_csv(text: str) -> list[Gpu]:
    """The processors of the lines ``name, used, total, utilisation``.

    Raises:
        ValueError: a line is no such line, or there is none.
    """
    found = []
    for line in csv.reader(StringIO(text.strip()), skipinitialspace=True):
        try:
            name, used, total, busy = line
            found.append(Gpu(name.strip(), 100 * float(used) / float(total), float(busy)))
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"{', '.join(line)!r} is no line of nvidia-smi {' '.join(QUERY)}") from None
    if not found or any(math.isnan(one.memory_pct + one.busy_pct) for one in found):
        raise ValueError("no processor is listed")
    return found
