"""What a component answered, and why that is no success."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from pytest_llmops.errors import CallFailed, excerpt
from pytest_llmops.target.secrets import without_userinfo

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        component: who answered.
        asked: method and path.
        status: HTTP status.
        text: the body.
        elapsed_s: from the start of the call to the end of the body.
        headers: lower-cased names.
        url: the component's address, without secrets.
        through: the proxy that it came through; empty for none.
    """

    component: str
    asked: str
    status: int
    text: str = field(repr=False)
    elapsed_s: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    url: str = ""
    through: str = ""

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            CallFailed: it is none (kind ``bad-answer``).
        """
        try:
            return json.loads(self.text)
        except ValueError:
            raise CallFailed(
                self.component,
                "bad-answer",
                f"{self.component}: {self.asked} answered no JSON: {excerpt(self.text)!r}.",
            ) from None

    @property
    def failure(self) -> str:
        """Why a timed call with this outcome is no success; empty if it is one. A redirect is no answer either."""
        return f"http-{self.status}" if self.status >= 300 else ""

    @property
    def turned_away(self) -> bool:
        """Whether nobody looked at what was asked: there was too much of it, or who would have was not there.

        By 429, 502, 503 or 504; so what is wrong with other answers is not to be seen in it.
        """
        return self.status in {429, 502, 503, 504}

    @property
    def is_json(self) -> bool:
        """Whether the body can be read as JSON."""
        try:
            json.loads(self.text)
        except ValueError:
            return False
        return True

    def table(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            CallFailed: it is none (kind ``bad-answer``).
        """
        found = self.json()
        if not isinstance(found, dict):
            raise CallFailed(
                self.component,
                "bad-answer",
                f"{self.component}: {self.asked} answered no JSON object: {excerpt(self.text)!r}.",
            )
        return found

    def ok(self) -> Answer:
        """This answer, if its status is 2xx.

        Raises:
            CallFailed: it is not (kind ``http-500`` and so on, ``throttled`` for 429).
        """
        if 200 <= self.status < 300:
            return self
        said = f"{self.component}: {self.asked}"
        if self.status == 429:
            wait = self.headers.get("retry-after", "")
            after = f" (Retry-After: {wait} s)" if wait else ""
            raise CallFailed(self.component, "throttled", f"{said} is throttled{after}.")
        said += f" answered {self.status}" + (f" through the proxy {self.through}" if self.through else "")
        if moved := self.moved:
            raise CallFailed(self.component, f"http-{self.status}", f"{said}, which is not followed: {moved}.")
        raise CallFailed(
            self.component,
            f"http-{self.status}",
            f"{said}: {excerpt(self.text.strip(), 120) or 'an empty body'}",
            body=self.text,
        )

    @property
    def moved(self) -> str:
        """Where a redirect points, and what to write so that calls go there at once; empty where it is none.

        Its query is left out: it may hold secrets.
        """
        if not (300 <= self.status < 400 and self.headers.get("location")):
            return ""
        path = "/" + self.asked.partition(" ")[2].partition("?")[0].lstrip("/")
        here = self.url + path
        try:
            parts = urlsplit(urljoin(here, self.headers["location"]))
        except ValueError:  # its own words may quote a password
            return "its Location is no address"
        there = without_userinfo(urlunsplit(parts._replace(query="", fragment="")))
        said = f"it points to {there}"
        if there != here and there.rstrip("/") == here.rstrip("/"):
            return f"{said}; write the path as {there.removeprefix(self.url)}"
        base = there.rstrip("/").removesuffix(path.rstrip("/"))
        if base not in {self.url, there.rstrip("/")}:
            return f'{said}; if that is the same component, write url = "{base}"'
        return said
