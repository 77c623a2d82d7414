"""The one line by which a sandbox says where all is, or what is wrong; whoever asked may be gone by then."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def tell(words: Mapping[str, object]) -> bool:
    """Write a line of JSON to standard output; whether anybody still reads there."""
    try:
        sys.stdout.write(json.dumps(words) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # else Python tries again as it ends, and says so
        return False
    return True
