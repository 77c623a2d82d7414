"""What came of a deletion in each store of personal data: seen before, gone afterwards, or why nobody can say."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import Unsupported, Vacuous

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STORES = ("api", "vectors", "cache", "logs", "traces", "feedback", "backups")
"""Where a person may be found, in the order in which it is looked there; the API is asked last."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Of one store.

    Attributes:
        store: one of `STORES`, or one that the target itself says it never deletes from.
        before: whether the person was found there before the deletion; None where nobody could look.
        after: whether the person was found there at its end; None where nobody looked.
        why: nobody could look; or the contract by which the store keeps what it has.
    """

    store: str
    before: bool | None = None
    after: bool | None = None
    why: str = ""

    @property
    def outcome(self) -> str:
        """``gone``, ``kept``, ``vacuous`` (never seen there, so nothing is proved) or ``unsupported``."""
        if self.why:
            return "unsupported"
        if self.after:
            return "kept"
        return "gone" if self.before else "vacuous"

    @property
    def said(self) -> str:
        """All of it, in a sentence without its full stop."""
        if self.why:
            found = " (the person is still found there)" if self.after else ""
            return f"{self.store}: {self.why.rstrip('.')}{found}"
        return {
            "gone": f"{self.store}: the person was found there before the deletion, and is not any more",
            "kept": f"{self.store}: the person is found there after the deletion",
            "vacuous": f"{self.store}: the person was not found there before the deletion, so that proves nothing",
        }[self.outcome]

    def required(self) -> Receipt:
        """This receipt, where it says something.

        Raises:
            Unsupported: nobody can look, or the store keeps by contract what it has.
            Vacuous: the person was never seen there.
        """
        if self.outcome == "unsupported":
            raise Unsupported(f"{self.said}.")
        if self.outcome == "vacuous":
            raise Vacuous(f"{self.said}.")
        return self


@dataclass(frozen=True, slots=True)
class Erased:
    """What came of an erasure.

    Attributes:
        seed: of the synthetic person.
        user: id of the person, by which an operator finds what is left.
        status: HTTP status of the request to delete.
        deletion: id of the deletion; empty where none was told.
        state: the last that was told of the deletion; empty where nothing was.
        completed: whether that is one in which a deletion has ended well, or none is ever told.
        steps: what the system says of each step of the deletion.
        wrong: those of them that came to no good end.
        took_s: from the request on, until it had ended and nothing of the person was left, or until the deadline.
        within_s: that deadline.
        in_time: whether it had ended by then, and nothing of the person was left in a store that has to forget.
        receipts: by store.
    """

    seed: str
    user: str
    status: int
    deletion: str
    state: str
    completed: bool
    steps: Mapping[str, str]
    wrong: Sequence[str]
    took_s: float
    within_s: float
    in_time: bool
    receipts: Sequence[Receipt] = field(default=())

    def receipt(self, store: str) -> Receipt:
        """Of a store by its name."""
        return next((one for one in self.receipts if one.store == store), Receipt(store, why="nobody looked there"))

    @property
    def kept(self) -> list[Receipt]:
        """The stores where the person is found still."""
        return [one for one in self.receipts if one.outcome == "kept"]

    def proven(self) -> Erased:
        """This, where it says something: it did not end well, or somewhere the person was found, before or after it.

        Raises:
            Vacuous: it ended well, and in no store that has to forget was anything of the person seen.
        """
        if self.completed and self.in_time and not any(one.outcome in {"gone", "kept"} for one in self.receipts):
            raise Vacuous(
                f"api: nothing of {self.user} was seen in any store before the deletion, so that it ended proves "
                f"nothing: {'; '.join(one.said for one in self.receipts) or 'nobody looked anywhere'}. Give the API "
                "its routes ingest, query or feedback, or security.erasure.point; and where to look, "
                "security.erasure.places."
            )
        return self

    def as_json(self) -> dict[str, Any]:
        """All of it as plain JSON."""
        return asdict(self)

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Erased:
        """What `as_json` made."""
        return cls(**{**found, "receipts": tuple(Receipt(**one) for one in found["receipts"])})

    def document(self, target: str) -> str:
        """A page of Markdown: a row for each store; of the person it has the id alone."""
        said = {None: "not looked", True: "yes", False: "no"}
        rows = [
            f"| {one.store} | {said[one.before]} | {said[one.after]} | {one.outcome} | {one.said.partition(': ')[2]} |"
            for one in self.receipts
        ]
        steps = [f"- {name}: {status}" for name, status in self.steps.items()] or ["- none are told"]
        ended = self.state or "not told"
        return "\n".join(
            [
                f"# Erasure of a synthetic person on {target}",
                "",
                f"User `{self.user}` was made up, written to the target by its own routes, and deleted by its route.",
                f"The request was answered {self.status}; deletion `{self.deletion or 'unnamed'}`, state: {ended}.",
                f"It took {self.took_s:.1f} s of the {self.within_s:g} s that it is given.",
                "",
                "| store | found before | found after | outcome | in words |",
                "| --- | --- | --- | --- | --- |",
                *rows,
                "",
                "Steps of the deletion, as the system tells them:",
                "",
                *steps,
                "",
            ]
        )
