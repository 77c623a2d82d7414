"""What one call asks: what is sent, and as much of it as a person is shown."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.form_file import FormFile
from pytest_llmops.errors import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

QUOTED = 400
"""Characters that a command shows of a body that is no JSON of ours."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks; the fields are those of `Http.call`."""

    method: str
    path: str
    body: Any = None
    query: Mapping[str, Any] | None = None
    content: bytes | FormFile | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    past_limit: bool = False

    @property
    def sent(self) -> bytes | FormFile | None:
        """The bytes of the body, or what yields them."""
        if self.content is not None or self.body is None:
            return self.content
        return json.dumps(self.body, ensure_ascii=False, allow_nan=False).encode()

    @property
    def told(self) -> str | FormFile | None:
        """The body as a person can read it; of one that is sent as it is, no more than its beginning."""
        sent = self.sent
        if isinstance(sent, FormFile):
            return sent
        if sent is None or self.content is None:
            return None if sent is None else sent.decode()
        return excerpt(sent[: 4 * QUOTED].decode("utf-8", "backslashreplace"), QUOTED)
