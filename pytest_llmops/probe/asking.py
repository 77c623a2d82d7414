"""Asks an address politely: GET alone, each path once, one deadline a call, signed only where a key is wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from pytest_llmops.clients.http import Http, purpose
from pytest_llmops.errors import CallFailed, ConfigError
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import Budget, TargetTable
from pytest_llmops.target.proxies import loopback
from pytest_llmops.target.secrets import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from pytest_llmops.clients.http import Answer
    from pytest_llmops.probe.proposal import Key

PATIENCE = 2
"""So many calls to one address may time out; after that it is left alone."""

WANTS_A_KEY = (401, 403)


@dataclass(frozen=True)
class Settings:
    """What holds for every address.

    Attributes:
        name: the target's, as the file will have it.
        root: the folder of the file: ``ca`` is relative to it.
        scratch: a folder for the ledgers of these calls.
        environ: where keys are looked up.
        key_env: the variable that the user named for keys; empty for a proposed name.
        several: more than one address was given.
        tls: the ``tls`` table for https and rediss; empty for none.
        deadline_s: for one call.
        secrets: takes every key that was used so far out of text.
    """

    name: str
    root: Path
    scratch: Path
    environ: Mapping[str, str] = field(repr=False)
    key_env: str = ""
    several: bool = False
    tls: Mapping[str, Any] = field(default_factory=dict)
    deadline_s: float = 5.0
    secrets: Redactor = field(default_factory=Redactor)

    def variable(self, kind: str, word: str = "API_KEY") -> str:
        """The environment variable for a component's key: the user's, or for example ``STAGING_QDRANT_API_KEY``."""
        named = self.name.upper().replace("-", "_")
        named = f"_{named}" if named[0].isdigit() else named
        parts = (named, word) if kind == "api" and word == "API_KEY" else (named, kind.upper(), word)
        return self.key_env or "_".join(parts)

    def withheld(self, url: str) -> str:
        """Why the user's key is not tried at an address, a clause; empty where it may be, or where none is set."""
        plain = url.startswith(("http:", "redis:")) and not loopback(url)
        if not (plain and self.several and self.environ.get(self.key_env)):
            return ""
        how = url.partition(":")[0]
        return f"{self.key_env} was not tried: the key would go over plain {how}; give this address alone to try it"

    def target(self, kind: str, url: str, auth: Mapping[str, str] | None, login: str = "") -> Target:
        """A target of one component, in memory.

        Args:
            kind: the component.
            url: where it is.
            auth: how calls are signed; the variable has to be set, or
            login: is what it would hold.
        """
        part = {"url": url, "auth": auth, "tls": self.tls_of(url), "deadline": self.deadline_s}
        table = TargetTable.model_validate({"components": {kind: {k: v for k, v in part.items() if v}}})
        laid_over = {auth["basic"]: login} if auth and login else {}
        target = Target(self.name, table, self.root, environ={**self.environ, **laid_over})
        for used in target.secrets().values():
            self.secrets.add(used)
        return target

    def tls_of(self, url: str) -> dict[str, Any]:
        """The ``tls`` table of an address; empty for one without TLS."""
        return dict(self.tls) if url.startswith(("https:", "rediss:")) else {}

    def ledger(self, url: str) -> Ledger:
        """Where calls to an address are counted."""
        name = "".join(letter if letter.isalnum() else "-" for letter in url)[-100:]
        return Ledger(self.scratch / name, Budget())


class Silent(Exception):
    """An address does not answer as HTTP. ``kind`` as in :class:`CallFailed`; the text is the rest of a sentence."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Asker:
    """Calls to one URL.

    Args:
        settings: what holds for every address.
        url: where, without user and password.
        login: ``user:password``, where the user gave them in the URL; every call is signed with it.
    """

    def __init__(self, settings: Settings, url: str, login: str = "") -> None:
        self.settings = settings
        self.url = url
        self.login = login
        self.key: Key | None = None
        self._late = 0
        self._seen: dict[str, Answer | None] = {}
        self._http = self._open({"basic": settings.variable("api", "LOGIN")} if login else None)

    def __repr__(self) -> str:
        return f"Asker({self.url})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def greet(self) -> Answer:
        """The first call, GET /.

        Raises:
            Silent: no whole answer of HTTP came; says why.
        """
        try:
            self._seen["/"] = answer = self._call(self._http, "/")
        except CallFailed as error:
            raise Silent(error.kind, str(error).removeprefix("api: GET / ").rstrip(".")) from None
        return answer

    def get(self, path: str) -> Answer | None:
        """A path's answer, whatever its status; None where no whole one came. Each path is asked once.

        Raises:
            Silent: too many calls timed out.
        """
        if path not in self._seen:
            self._seen[path] = self._ask(path)
        return self._seen[path]

    def json(self, path: str) -> Any:
        """The JSON of a 2xx answer; None where there is none."""
        answer = self.get(path)
        return answer.json() if answer is not None and 200 <= answer.status < 300 and answer.is_json else None

    def table(self, path: str) -> dict[str, Any]:
        """The JSON object of a 2xx answer; empty where there is none."""
        found = self.json(path)
        return found if isinstance(found, dict) else {}

    def shut(self, path: str) -> Answer | None:
        """A path's answer, where it wants a key (401 or 403)."""
        answer = self.get(path)
        return answer if answer is not None and answer.status in WANTS_A_KEY else None

    def accepts(self, auth: dict[str, str], path: str) -> bool:
        """Whether a path that wants a key is content with this one. The variable has to be set."""
        http = self._open(auth)
        try:
            return self._call(http, path).status not in WANTS_A_KEY
        except (CallFailed, ConfigError):  # for example: the variable holds no user:password
            return False
        finally:
            http.close()

    def sign(self, key: Key) -> None:
        """Sign all calls from now on, and ask anew what was asked without."""
        self._http.close()
        self.key, self._http, self._seen = key, self._open(key.auth), {}

    def _open(self, auth: dict[str, str] | None) -> Http:
        target = self.settings.target("api", self.url, auth, self.login)
        return Http(target, "api", self.settings.ledger(self.url))

    def _ask(self, path: str) -> Answer | None:
        try:
            return self._call(self._http, path)
        except CallFailed as error:
            self._late += error.kind == "timeout"
            if self._late >= PATIENCE:
                raise Silent(error.kind, str(error).removeprefix("api: ").rstrip(".")) from None
            return None

    def _call(self, http: Http, path: str) -> Answer:
        with purpose("probe"):
            return http.call("GET", path)
