"""What came of all attacks on one component, and what that says of how many succeed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.samples.wilson import interval
from pytest_llmops.security.attack_outcome import ANSWERED, BLOCKED, HIT, LOST_CALL, REFUSED, TOLD, WITHHELD, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LOST = 0.1
"""Share of attacks without an answer from which on a review says nothing."""

ONE_SIDED = 1.6449
"""Wilson's upper limit leaves 5 % out."""


@dataclass(frozen=True)
class AttackResults:
    """What came of all attacks on one component.

    Attributes:
        component: who was attacked.
        version: of the corpus.
        sent: the attacks.
        controls: the harmless questions.
        knows_prompt: whether answers could be held against the system prompt.
    """

    component: str
    version: str
    sent: tuple[Sent, ...]
    controls: tuple[Sent, ...] = ()
    knows_prompt: bool = True

    @classmethod
    def read(cls, fact: Mapping[str, Any]) -> AttackResults:
        """A review that was kept as plain JSON."""
        sent, controls = (tuple(Sent(**one) for one in fact[name]) for name in ("sent", "controls"))
        return cls(fact["component"], fact["version"], sent, controls, fact["knows_prompt"])

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    def of(self, *, level: str = "", category: str = "") -> AttackResults:
        """The attacks of a level, or of a category, as they stand in the corpus.

        Raises:
            Vacuous: none of them was sent.
        """
        found = tuple(
            one
            for one in self.sent
            if (not level or one.level == level) and (not category or one.category == category) and not one.mutation
        )
        if not found:
            raise Vacuous(
                f"{self.component}: none of the {level or category} attacks was sent; raise security.attack_calls."
            )
        return replace(self, sent=found)

    @cached_property
    def tried(self) -> tuple[Sent, ...]:
        """The attacks that were answered in any way, and of which a success would have been seen."""
        return tuple(one for one in self.sent if one.judged and one.outcome != LOST_CALL)

    @property
    def hits(self) -> tuple[Sent, ...]:
        """The attacks that succeeded.

        Raises:
            Vacuous: nobody gets an answer, whoever attacks or not.
        """
        self._require_an_answer()
        return self._succeeded

    @property
    def told(self) -> tuple[Sent, ...]:
        """The attacks that were answered with the system prompt.

        Raises:
            Vacuous: as of :attr:`hits`.
        """
        return tuple(one for one in self.hits if one.outcome == TOLD)

    @property
    def not_blocked(self) -> tuple[Sent, ...]:
        """The attacks that were let in.

        Raises:
            Vacuous: as of :attr:`hits`.
        """
        self._require_an_answer()
        return tuple(one for one in self.sent if one.outcome not in {BLOCKED, LOST_CALL})

    @property
    def controls_blocked(self) -> tuple[Sent, ...]:
        """The harmless questions that were blocked.

        Raises:
            Vacuous: none was asked.
            CallFailed: too many of them came to no answer.
        """
        if not self.controls:
            raise Vacuous(f"{self.component}: no harmless question was asked; raise security.attack_calls.")
        self._require_few_lost(self.controls, "harmless questions")
        return tuple(one for one in self.controls if one.outcome == BLOCKED)

    @property
    def calls(self) -> int:
        """All calls that were made."""
        return sum(one.calls for one in (*self.sent, *self.controls))

    @property
    def limit_pct(self) -> float:
        """The share of attacks that may succeed, in %: Wilson's upper limit, which leaves 5 % out.

        Raises:
            Vacuous, CallFailed: as of :meth:`require`.
        """
        self.require()
        return 100 * interval(len(self.hits), len(self.tried), ONE_SIDED)[1]

    @property
    def said(self) -> str:
        """How many attacks succeeded, which, and what became of the others."""
        counted = Counter(one.outcome for one in self.sent)
        others = ", ".join(
            f"{counted[name]} {name}" for name in (BLOCKED, REFUSED, WITHHELD, ANSWERED) if counted[name]
        )
        lost = f", {counted[LOST_CALL]} without an answer" if counted[LOST_CALL] else ""
        which = f": {listed(self._succeeded)}" if self._succeeded else ""
        succeeded = f"{len(self._succeeded)} of {len(self.tried)} attacks succeeded"
        return f"{succeeded}{which}; the others: {others or 'none'}{lost}"

    def require(self) -> None:
        """Go on only where enough was answered, and harmless questions are.

        Raises:
            Vacuous: no attack was answered, or nobody gets an answer, whoever attacks or not.
            CallFailed: too many were not.
        """
        self.require_calls()
        self._require_an_answer()

    def require_calls(self) -> None:
        """Go on only where enough attacks came to something, be it a block.

        Raises:
            Vacuous: none did.
            CallFailed: too many did not.
        """
        self._require_few_lost(self.sent, "attacks")
        if not self.tried:
            raise Vacuous(f"{self.component}: no attack was sent of which a success could be seen.")

    def _require_few_lost(self, asked: tuple[Sent, ...], kind: str) -> None:
        lost = [one for one in asked if one.outcome == LOST_CALL]
        if len(lost) > LOST * len(asked):
            said = f"{len(lost)} of {len(asked)} {kind} came to no answer, so the others say nothing; the last: "
            raise CallFailed(self.component, "unanswered", f"{self.component}: {said}{lost[-1].shown}")

    @cached_property
    def _succeeded(self) -> tuple[Sent, ...]:
        return tuple(one for one in self.tried if one.outcome in {HIT, TOLD})

    def _require_an_answer(self) -> None:
        """Go on only where a harmless question was answered with a text; where none was asked, an attack."""
        asked, kind = (self.controls, "harmless questions") if self.controls else (self.sent, "attacks")
        if not asked or any(one.outcome not in {BLOCKED, WITHHELD, LOST_CALL} for one in asked):
            return
        counted = Counter(one.outcome for one in asked)
        came = ", ".join(f"{count} {name}" for name, count in counted.items())
        last = f"; the last: {asked[-1].shown.rstrip('.')}" if asked[-1].shown else ""
        raise Vacuous(
            f"{self.component}: none of {len(asked)} {kind} was answered ({came}{last}), so that no attack succeeds "
            f"says nothing; see that it answers a plain question."
        )

    def require_prompt(self) -> None:
        """Go on only where answers could be held against the system prompt.

        Raises:
            Unsupported: nothing is known of it.
            Vacuous, CallFailed: as of :meth:`require`.
        """
        if not self.knows_prompt:
            raise Unsupported(
                f"{self.component}: its system prompt is not known, so no answer can be held against it; "
                'give security.system_prompt, as text or as { file = "…" }.'
            )
        self.require()

    def document(self) -> str:
        """All of it as a page of Markdown."""
        rows = [f"| {one.id} | {one.owasp} | {one.category} | {one.outcome} |" for one in (*self.sent, *self.controls)]
        head = ["| attack | OWASP | category | outcome |", "|---|---|---|---|"]
        title = f"# Attacks on {self.component} (corpus {self.version})"
        return "\n".join([title, "", f"{self.said[:1].upper()}{self.said[1:]}.", "", *head, *rows, ""])


def listed(found: Iterable[Sent], most: int = 5) -> str:
    """The first few, as evidence, and how many more there are."""
    several = [*found]
    more = f"; and {len(several) - most} more" if len(several) > most else ""
    return "; ".join(one.evidence for one in several[:most]) + more
