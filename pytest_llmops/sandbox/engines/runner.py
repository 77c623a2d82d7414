"""``python -m pytest_llmops.sandbox.engines.runner``: llama.cpp's server, alive until its standard input ends.

One line of JSON in (``model``, ``slots``, ``context``, ``threads``, ``longest``, ``key``), one line out: its address.
"""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Serve; what llama.cpp has to say goes to standard error."""
    order = json.loads(sys.stdin.readline())
    import xllamacpp  # type: ignore[import-untyped]

    asked = xllamacpp.CommonParams()
    asked.model.path = order["model"]
    asked.hostnames = ["127.0.0.1"]
    asked.port = 0  # the kernel's choice: nobody can take it in between
    asked.api_keys = [order["key"]]
    asked.n_parallel = order["slots"]
    asked.n_threads_http = 32  # so that calls wait for a slot, where it is counted, and not before
    asked.n_ctx = order["slots"] * order["context"]
    asked.n_predict = order["longest"]
    asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = order["threads"]
    asked.cache_prompt = False  # every call costs what it costs, however often it came before
    asked.cache_ram_mib = 0
    asked.endpoint_metrics = True
    asked.ui = False
    server = xllamacpp.Server(asked)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    while os.read(0, 4096):
        pass
    os._exit(0)  # at once, also with answers under way


if __name__ == "__main__":
    main()
