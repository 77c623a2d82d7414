"""What a round of answers looks like, whatever they say: how many decline, how long they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.detect.refusal import refused
from pytest_llmops.errors import CallFailed, Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.reply import Reply
    from pytest_llmops.clients.traffic import Question, Traffic


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers of a round.

    Attributes:
        declined: ids of the questions that were blocked or refused, or whose answer was withheld.
        lengths: words of each other answer that is not empty.
        asked: questions of the round that came back.
    """

    declined: tuple[str, ...]
    lengths: tuple[int, ...]
    asked: int

    @property
    def declined_pct(self) -> float:
        """The share of questions that were declined, in %."""
        return 100 * len(self.declined) / self.asked

    @property
    def said(self) -> str:
        """In words: how many, and which."""
        return (
            f"{len(self.declined)} of {self.asked} questions{': ' if self.declined else ''}{', '.join(self.declined)}"
        )

    def require_answers(self) -> None:
        """Go on only where something was answered.

        Raises:
            Vacuous: nothing was, so nothing has a length.
        """
        if not self.lengths:
            raise Vacuous(f"none of {self.asked} questions was answered, so no answer has a length.")


def answered(traffic: Traffic) -> Answered:
    """Look at the answers of a round; questions that failed are no part of it.

    Raises:
        CallFailed: every question failed: why the last one did.
    """
    replies: list[tuple[Question, Reply | None]] = []
    failed: CallFailed | None = None
    for question in traffic.questions:
        try:
            replies.append((question, _reply(question)))
        except CallFailed as error:
            failed = error
    if not replies and failed is not None:
        raise failed
    told = [(question.prompt.id, reply, _declines(reply)) for question, reply in replies]
    given = [reply.text for _, reply, declined in told if reply is not None and not declined and reply.text.strip()]
    return Answered(
        tuple(name for name, _, declined in told if declined), tuple(len(text.split()) for text in given), len(told)
    )


def _declines(reply: Reply | None) -> bool:
    """Whether it was blocked, withheld, or refuses."""
    return reply is None or reply.blocked or refused(reply.text)


def _reply(question: Question) -> Reply | None:
    """An answer; None where the service answered well and without one, as one that it withheld."""
    try:
        return question.reply
    except CallFailed as error:
        if error.kind == "bad-answer" and question.kept.again().status < 300:
            return None
        raise
