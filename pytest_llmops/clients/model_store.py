"""The models on an Ollama server's disk: pulled, copied, deleted; only changes of a target come here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.http import Http


class ModelStore:
    """What can be done to the models of a server.

    Args:
        http: calls to it.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    def pull(self, name: str, deadline_s: float, told: Callable[[str], None]) -> None:
        """Fetch the newest build of a model under its name (POST /api/pull).

        Args:
            name: of the model.
            deadline_s: for the whole of it.
            told: is told each tenth of each layer.

        Raises:
            CallFailed: ``bad-answer``: it ended otherwise than with ``success``; says with what.
        """
        last: dict[str, Any] = {}
        tenths: dict[str, int] = {}
        for _, line in self._http.lines("POST", "/api/pull", body={"model": name}, deadline_s=deadline_s):
            last = self._read(line)
            total, done = int(last.get("total") or 0), int(last.get("completed") or 0)
            layer, tenth = str(last.get("digest", "")), 10 * done // total if total else 0
            if total and tenths.get(layer, 0) != tenth:
                tenths[layer] = tenth
                told(f"{name}: {last.get('status')}: {10 * tenth} % of {total / 1e9:.3g} GB")
        if last.get("status") != "success":
            said = last.get("error") or last.get("status") or "nothing"
            raise self._failed(f"pulling {name} ended with {excerpt(str(said))!r}, and should with 'success'")

    def copy(self, source: str, destination: str) -> None:
        """Have a model under another name, too (POST /api/copy); no byte is copied.

        Raises:
            CallFailed: there is no such model.
        """
        self._http.call("POST", "/api/copy", body={"source": source, "destination": destination}).ok()

    def delete(self, name: str) -> None:
        """Take a model away (DELETE /api/delete).

        Raises:
            CallFailed: there is no such model.
        """
        self._http.call("DELETE", "/api/delete", body={"model": name}).ok()

    def _read(self, line: str) -> dict[str, Any]:
        try:
            read: Any = json.loads(line)
        except ValueError:
            read = None
        if not isinstance(read, dict):
            raise self._failed(f"a line of the pull is no JSON object: {excerpt(line)!r}")
        return read

    def _failed(self, what: str) -> CallFailed:
        return CallFailed(self._http.component, "bad-answer", f"{self._http.component}: {what}.")
