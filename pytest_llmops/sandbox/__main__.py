"""``python -m pytest_llmops.sandbox``: one line of JSON in, one line out, then alive until standard input ends.

With ``--order FILE``, as in a container, the line is in a file, and its processes write to standard output: alive until
a signal comes.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path

_SINCE = time.monotonic()


def main() -> int:
    """Run a sandbox; ``--faults`` prints the faults that the ordered one knows instead."""
    from pytest_llmops.errors import ConfigError, LlmopsError

    words = sys.argv[1:]
    file = words[words.index("--order") + 1] if "--order" in words[:-1] else ""
    line = Path(file).read_text(encoding="utf-8") if file else sys.stdin.readline()
    if "--faults" in words:
        return _list(line)
    lacking = [name for name in ("starlette", "uvicorn", "qdrant_client", "fakeredis") if find_spec(name) is None]
    if lacking:
        return _failed(f"the sandbox lacks {', '.join(lacking)}; pip install 'pytest-llmops[sandbox]'", 2)
    try:
        from pytest_llmops.sandbox import order, supervisor

        supervisor.run(order.read(line), _SINCE, alone=bool(file))
    except KeyboardInterrupt:
        return 0
    except ConfigError as error:
        return _failed(str(error), 2)
    except LlmopsError as error:
        return _failed(str(error), 1)
    return 0


def _list(line: str) -> int:
    from pytest_llmops.sandbox import derived
    from pytest_llmops.target.embedded import Sandbox

    faults = derived.table(Sandbox.model_validate(json.loads(line or "{}").get("sandbox", {}))).values()
    wide = max(len(fault.usage) for fault in faults)
    sys.stdout.write("".join(f"{fault.usage:<{wide}}  {fault.does}\n" for fault in faults))
    return 0


def _failed(message: str, code: int) -> int:
    from pytest_llmops.sandbox.telling import tell

    tell({"error": message})
    return code


if __name__ == "__main__":
    sys.exit(main())
