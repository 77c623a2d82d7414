"""Canaries: what a search found for its labelled queries, and their embeddings, when somebody called it normal."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from pytest_llmops.errors import BaselineError
from pytest_llmops.judge.json_file import json_files, read_json
from pytest_llmops.judge.retrieval import Ranking, Retrieved
from pytest_llmops.judge.shipped import FOLDER, SHIPPED
from pytest_llmops.state.whole import USUAL, put
from pytest_llmops.target.problems import sentences
from pytest_llmops.target.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.target.load import Target
    from pytest_llmops.target.retrieval import Labelled

PART = "canary"
"""The folder of a target's canaries, in that of its baselines; and of candidates, in that of theirs."""

SCHEMA = 1
DIGITS = 4

_NAME = re.compile(r"(?P<search>.+)-(?P<number>\d+)\.json")


class Query(Table):
    """What was found for one labelled query.

    Attributes:
        digest: of its text and of what was expected: with another it is another query.
        ranks, names, scores: as of :class:`pytest_llmops.judge.retrieval.Ranking`.
        vector: its embedding; empty where the search does not let us embed.
    """

    digest: str
    ranks: list[int | None]
    names: list[str] = Field([])
    scores: list[float] = Field([])
    vector: list[float] = Field([])


class Accepted(Table):
    """Who made it what is compared with, when and why."""

    by: str
    at: datetime
    reason: str
    commit: str = ""


class Canary(Table):
    """A round of labelled queries of one search.

    Attributes:
        model: which model embedded, with its digest where the server tells it; empty where nobody says.
        k: how many results counted.
        queries: by id.
        figures: of the collection, by name: mean length of its segments and the like.
    """

    schema_: int = Field(SCHEMA, alias="schema")
    target: str
    search: str
    recorded: datetime
    model: str = ""
    k: int
    queries: dict[str, Query]
    figures: dict[str, float] = Field({})
    accepted: Accepted | None = None

    def unlike(self, queries: dict[str, Labelled]) -> list[str]:
        """Ids of its queries that are asked no longer, or are others now."""
        return [
            name for name, one in self.queries.items() if name not in queries or digest(queries[name]) != one.digest
        ]

    def retrieved(self, without: list[str]) -> Retrieved:
        """What was found for its queries, but for some.

        Raises:
            Vacuous: none is left.
        """
        kept = {name: one for name, one in self.queries.items() if name not in without}
        return Retrieved(
            tuple(Ranking(name, tuple(one.ranks), tuple(one.names), tuple(one.scores)) for name, one in kept.items()),
            self.k,
        )

    @property
    def said(self) -> str:
        """When it was accepted, by whom, or that it was not."""
        if self.accepted is None:
            return f"recorded {self.recorded:%Y-%m-%d %H:%M}, accepted by nobody"
        return f"accepted {self.accepted.at:%Y-%m-%d} by {self.accepted.by}: {self.accepted.reason}"


def digest(query: Labelled) -> str:
    """12 hex digits that change when what is asked or expected does."""
    asked = json.dumps([query.text, query.model_dump(mode="json")["expect"]])
    return hashlib.sha256(asked.encode()).hexdigest()[:12]


def load(path: Path) -> Canary:
    """A canary's file.

    Raises:
        BaselineError: it is damaged, or none; says where and what.
    """
    try:
        return Canary.model_validate(read_json(path))
    except FileNotFoundError:
        raise BaselineError(f"{path}: there is no such file") from None
    except ValidationError as error:
        raise BaselineError("\n".join(sentences(error, Canary, f"{path} is no canary"))) from None
    except ValueError as error:
        raise BaselineError(f"{path}: {error}; restore it from version control, or delete it") from None


def write(path: Path, canary: Canary) -> None:
    """Write it in one step, a line for each query, numbers to four digits.

    Raises:
        BaselineError: the folder cannot be written to.
    """
    plain = canary.model_dump(mode="json", by_alias=True, exclude_none=False)
    queries = plain.pop("queries")
    head = json.dumps(plain, ensure_ascii=False, indent=1)[:-2]
    lines = ",\n".join(f"  {json.dumps(name)}: {_compact(one)}" for name, one in queries.items())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, f'{head},\n "queries": {{\n{lines}\n }}\n}}\n', USUAL)
    except OSError as error:
        raise BaselineError(f"{path} cannot be written ({error})") from error


def _compact(query: dict[str, object]) -> str:
    def short(value: object) -> object:
        if isinstance(value, float):
            rounded = float(f"{value:.{DIGITS}g}")
            return int(rounded) if rounded == int(rounded) else rounded
        return [short(one) for one in value] if isinstance(value, list) else value

    return json.dumps({key: short(value) for key, value in query.items()}, separators=(",", ":"), ensure_ascii=False)


class Canaries:
    """The accepted canaries of a target, the newest of each search counts. Only ``accept`` writes.

    Args:
        target: whose they are. An embedded one without any of its own has those that are shipped for its profile.
    """

    def __init__(self, target: Target) -> None:
        if not re.fullmatch(r"[\w:@+-][\w.:@+-]*", target.name):
            raise BaselineError(f"target {target.name!r} cannot name a folder of baselines")
        self.folder = target.root / FOLDER / target.name / PART
        self._shipped = SHIPPED / "sandbox" / PART if target.table.environment == "sandbox" else None
        self._profile = target.table.profile

    def all(self) -> list[Path]:
        """Files of its own accepted canaries, those of a search the oldest first.

        Raises:
            BaselineError: their folder cannot be looked into.
        """
        named = (_NAME.fullmatch(path.name) for path in json_files(self.folder))
        found = sorted((match["search"], int(match["number"]), match[0]) for match in named if match)
        return [self.folder / name for *_, name in found]

    def newest(self, search: str) -> Canary | None:
        """The one that a search is compared with; None where none was accepted.

        Raises:
            BaselineError: its file is damaged, or nobody knows whether there is one.
        """
        own = [path for path in self.all() if path.stem.rpartition("-")[0] == search]
        if own:
            return load(own[-1])
        shipped = self._shipped / f"{self._profile}.{search}.json" if self._shipped else None
        return load(shipped) if shipped and shipped.is_file() else None

    def accept(self, candidate: Canary, *, reason: str, by: str, commit: str = "") -> Path:
        """Make a candidate what its search is compared with from now on, and return its file.

        Raises:
            BaselineError: no reason or name is given, or the file cannot be written.
        """
        if not reason.strip() or not by.strip():
            raise BaselineError("a canary is accepted by someone, with a reason: say who, and why this is normal")
        accepted = Accepted(by=by.strip(), at=datetime.now(UTC), reason=reason.strip(), commit=commit)
        path = self._new(candidate.search)
        try:
            write(path, candidate.model_copy(update={"accepted": accepted}))
        except BaseException:
            path.unlink()
            raise
        return path

    def _new(self, search: str) -> Path:
        """A file that is there from here on, and nobody else's, whoever accepts at the same time."""
        number = 1 + max((int(path.stem.rpartition("-")[2]) for path in self.all()), default=0)
        path = self.folder / f"{search}-{number:04d}.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path.open("x").close()
        except FileExistsError:
            return self._new(search)
        except OSError as error:
            raise BaselineError(f"{path} cannot be written ({error})") from error
        return path
