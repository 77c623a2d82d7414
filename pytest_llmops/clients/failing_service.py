"""A service on this machine that always fails: to see how often, and after which pauses, a client tries again."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from types import TracebackType


class FailingService:
    """Answers every request with the same error, and remembers when each came.

    Args:
        status: of every answer.
    """

    def __init__(self, status: int = 503) -> None:
        self.moments: list[float] = []
        body = json.dumps({"error": {"type": "server_error", "message": "this service always fails"}}).encode()
        moments = self.moments

        class Failing(BaseHTTPRequestHandler):
            def _fail(self) -> None:
                moments.append(time.monotonic())
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = _fail  # noqa: N815 (the library's names)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Failing)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address, on a port of this machine."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def calls(self) -> int:
        """How many came."""
        return len(self.moments)

    @property
    def pauses_s(self) -> list[float]:
        """Between one call and the next.

        Raises:
            CallFailed: nobody tried again.
        """
        if len(self.moments) < 2:
            raise CallFailed(
                "failing_service", "empty", f"a service that fails was called {len(self.moments)} times, and not again."
            )
        return [after - before for before, after in pairwise(self.moments)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
