"""Takes back what a journal tells of, the last first, and looks whether all is as it was."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from pytest_llmops.control.asking import ended
from pytest_llmops.control.drivers import NONE, hands_by
from pytest_llmops.errors import ControlError, LlmopsError
from pytest_llmops.state.story import SETTING, Failure
from pytest_llmops.target.control import Control
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable
from pytest_llmops.target.settings import Valued

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from pytest_llmops.control.driver import Status
    from pytest_llmops.control.drivers import Makers
    from pytest_llmops.control.hands import Hands
    from pytest_llmops.state.journal import Journal
    from pytest_llmops.state.story import Step, Story

LASTING = frozenset({"stop", "restart", "pause"})
"""Acts that may be in effect, or come into effect, though nobody has seen it."""

SCALING = frozenset({"stop", "start", "set", "pull"})
"""Acts that change what is kept of a component; during others an autoscaler may do so, as is its right."""

DEADLINES = 8
"""That bringing one component back may take: three looks, an act that is carried out first, and four acts."""

UNCLEAN = "(what was said cannot be shown, for nobody knows the secrets in it)"


class Undoing:
    """How a journal's steps are taken back.

    Args:
        journal: of the target; put away once nothing is open.
        hands_for: the hands on what a step acted on.
        say: is told each component before it is brought back; may fail, for nobody may be there any more to be told.
        clean: takes secrets out of what was said by others.
        begun: numbers of the steps whose driver was called; None where nobody knows.
    """

    def __init__(
        self,
        journal: Journal,
        hands_for: Callable[[Step], Hands],
        say: Callable[[str], None],
        *,
        clean: Callable[[str], str],
        begun: Collection[int] | None = None,
    ) -> None:
        self.journal = journal
        self._hands_for = hands_for
        self._say = say
        self._clean = clean
        self._begun = begun

    def say(self, line: str) -> None:
        """Tell a line to whoever is there."""
        with suppress(Exception):
            self._say(self._cleaned(line))

    def undo(self, *, again: bool = True) -> bool:
        """Bring back every component, also where others fail; what could not be brought back stays in the journal.

        Args:
            again: also those that could not be brought back before.

        Returns:
            Whether nothing is left open.

        Raises:
            JournalError: the journal cannot be read or written.
        """
        story = self.journal.story
        if went_with_sandbox(story):
            self.say("the sandbox has ended, and with it all that was changed: nothing is left to bring back")
            self.journal.undone(*story.open)
        outdated, started = story.outdated, False
        for component, numbers in story.changed.items():
            if story.failed.keys() & set(numbers) and not again:
                continue
            if self._begun is not None and not set(numbers) & set(self._begun):
                first = story.steps[numbers[-1]]
                self.say(f"{_acts(story, numbers)} of {_called(first)} had not begun: nothing to undo")
                self.journal.undone(*numbers)
                continue
            setting = story.steps[numbers[-1]].kind == SETTING
            failure = self._take_back(story, numbers, anew=component in outdated, wait=setting and started)
            if failure is None:
                self.journal.undone(*numbers)
                started = started or not setting
            else:
                self.journal.failed(numbers[-1], failure)
        if story.open:
            return False
        self.journal.close()
        return True

    def _unfinished(self, story: Story, numbers: list[int]) -> Step | None:
        """The last stop or restart that may still come into effect; else a pause that may be in effect, unseen."""
        called = [number for number in numbers if self._begun is None or number in self._begun]
        found = [story.steps[number] for number in called if number not in story.done]
        return min((step for step in found if step.act in LASTING), key=lambda step: step.act == "pause", default=None)

    def _take_back(self, story: Story, numbers: list[int], *, anew: bool, wait: bool) -> Failure | None:
        """Take back a component's steps; None if that came about.

        Args:
            story: of the journal.
            numbers: the steps, the last first.
            anew: whether it has to start once more: it has read settings that are to be back by now.
            wait: whether what would be asked may have been started just now, and answer in a moment.
        """
        first = story.steps[numbers[-1]]
        if first.keeps in story.stuck:
            stays = f"{first.component} stays until {first.keeps} is as it was, which comes back by it."
            return Failure(stays, first.by_hand)
        of = f"{_acts(story, numbers)} of {_called(first)}"
        self.say(f"undoing {of}: back to {first.was}{', anew' if anew else ''}")
        scaled = any(story.steps[number].act in SCALING for number in numbers)
        failure = self._bring_back(first, self._unfinished(story, numbers), exactly=scaled, anew=anew, wait=wait)
        left = dict.fromkeys(step.component for step in story.open.values() if step.is_read)
        if failure or not left or not anew or first.state == "stopped":
            return failure
        why = f"{first.component} is to be restarted once {' and '.join(left)} is as it was."
        return Failure(why, [self._hands_for(first).driver.by_hand("restart", first.kept)])

    def _bring_back(
        self, step: Step, unfinished: Step | None, *, exactly: bool, anew: bool, wait: bool
    ) -> Failure | None:
        """Make a component as it was before a step; None if that came about."""
        hands: Hands | None = None
        try:
            hands = self._hands_for(step)
            if wait:
                hands.await_answer()
            if unfinished is not None and unfinished.act == "pause":
                hands.let_go()
            elif unfinished is not None:
                _carry_out(unfinished, hands)
            state: Any = step.state
            _compare(step, hands.bring_back(state, step.kept, exactly=exactly, anew=anew))
        except Exception as error:  # noqa: BLE001 (whatever it is: the other components are still to be brought back)
            why = str(error) if isinstance(error, LlmopsError) else f"{type(error).__name__}: {error}"
            return Failure(self._cleaned(why), _by_hand(step, unfinished, hands))
        return None

    def _cleaned(self, text: str) -> str:
        try:
            return self._clean(text)
        except Exception:  # noqa: BLE001 (of all that may stop an undo, this is the least)
            return UNCLEAN


def went_with_sandbox(story: Story) -> bool:
    """Whether all that is open was changed in a sandbox that has ended since: nothing of it is left to bring back."""
    return bool(story.open) and ended(str(story.opened.get("sandbox", "")))


def secrets_of_journal(journal: Journal, environ: Mapping[str, str]) -> list[str]:
    """What of its control tables must never be shown, as far as it is set."""
    tables: list[Any] = [
        TypeAdapter(Control | Valued).validate_python(dict(step.control)) for step in journal.story.open.values()
    ]
    return [value for table in tables for value in table.secrets(environ)]


@contextmanager
def hands_of_journal(
    journal: Journal, makers: Makers = NONE, declared: Target | None = None
) -> Iterator[Callable[[Step], Hands]]:
    """Hands by what the journal says alone: the file may have been changed since.

    Args:
        journal: of the target.
        makers: of drivers that live above this room.
        declared: the target as the file has it by now: user and password of an address stand there alone. It is told
            the tokens that logging in brings.
    """
    known: dict[str, Hands] = {}
    opened = journal.story.opened
    declared = declared or Target("", TargetTable(), Path())
    table = TargetTable().model_copy(update={"components": declared.table.components})
    root = Path(str(opened.get("root", ".")))
    target = Target(name=str(opened.get("target", "")), table=table, root=root, tokens=declared.tokens)

    def hands_for(step: Step) -> Hands:
        if step.component not in known:
            control: Any = TypeAdapter(Control | Valued).validate_python(dict(step.control))
            known[step.component] = hands_by(control, target, step.component, makers)
        return known[step.component]

    try:
        yield hands_for
    finally:
        for hands in known.values():
            hands.close()


def _called(step: Step) -> str:
    """What was acted on; of a setting its name says it all, where a driver would tell the command that prints it."""
    return step.component if step.kind == SETTING else f"{step.component} ({step.what})"


def _acts(story: Story, numbers: list[int]) -> str:
    """What was done, the first first."""
    return " and ".join(story.steps[number].act for number in reversed(numbers))


def _carry_out(step: Step, hands: Hands) -> None:
    """Have an act that may be under way behind us: else it would come into effect after all was brought back.

    Raises:
        ControlError: it was not seen, and may still come.
    """
    if _has_come(step, hands):
        return
    try:
        act: Any = step.act
        hands.act(act)
    except ControlError as error:
        if error.kind == "refused" and _has_come(step, hands):  # before the engine turned to what is asked for now
            return
        raise ControlError(
            error.component, error.kind, f"{error} Its {step.act} may still come into effect."
        ) from error


def _has_come(step: Step, hands: Hands) -> bool:
    """Whether an act was seen to have come into effect; what is on its way for too long is told again where to go."""
    with suppress(ControlError):
        now = hands.settled()
        return now.state == "stopped" or bool(step.instance and now.instance not in {"", step.instance})
    return False


def _compare(step: Step, now: Status) -> None:
    """It is as it was before; a setting with its value, and what was started anew may have been scaled since.

    Raises:
        ControlError: it is not.
    """
    if now.state != step.state:
        said = f"{step.component} is {now.state}{f' ({now.detail})' if now.detail else ''}, and was {step.state}"
        raise ControlError(step.component, "refused", f"{said} before {step.act}.")
    if step.kind == SETTING and step.kept and dict(now.kept) != dict(step.kept):
        raise ControlError(
            step.component,
            "refused",
            f"{step.component} is {now.state} with {dict(now.kept)}, and had {dict(step.kept)} before {step.act}.",
        )


def _by_hand(step: Step, unfinished: Step | None, hands: Hands | None) -> list[str]:
    """The commands that a person types: those from how it is now, else those that were foreseen."""
    found: list[str] = []
    if hands is not None:
        with suppress(Exception):  # it may well be that nobody can tell how it is
            state: Any = step.state
            found = hands.by_hand(hands.status().state, state, step.kept)
            if unfinished is not None and not found:
                first = hands.driver.by_hand("resume" if unfinished.act == "pause" else "stop", step.kept)
                found = list(dict.fromkeys([first, *step.by_hand]))
    return found or list(step.by_hand)
