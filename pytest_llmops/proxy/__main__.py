"""By hand: ``python -m pytest_llmops.proxy SOCKET MODE`` tells a proxy its mode, and prints what it says."""

from __future__ import annotations

import json
import sys

from pytest_llmops.proxy.life import ask


def main(path: str, mode: str) -> int:
    """Tell, print, and say by the exit status whether it does so."""
    said = ask(path, mode, 10.0)
    sys.stdout.write(json.dumps(said) + "\n")
    return 1 if "error" in said else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
