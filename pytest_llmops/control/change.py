"""What one test changes of its target: each act is journalled first, and all of them are taken back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.control.ballast import EMPTY, FILLED
from pytest_llmops.control.drivers import NONE, hands_by, hands_on
from pytest_llmops.control.embedded import socket_of
from pytest_llmops.control.hands import AFTERWARDS, WAYS
from pytest_llmops.control.undoing import LASTING, Undoing
from pytest_llmops.errors import ControlError, LlmopsError, Unsupported
from pytest_llmops.state.story import SETTING, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.control.driver import Act, Driver, State, Status
    from pytest_llmops.control.drivers import Makers
    from pytest_llmops.control.hands import Hands
    from pytest_llmops.control.interruption import Interruption
    from pytest_llmops.state.journal import Journal
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Valued


class Change:
    """Stops, starts, kills, pauses components of the target, and brings them back.

    Every act writes down how it is taken back before it begins, and returns the status that was seen afterwards. It
    raises ``Unsupported``, before anything happens, where the component's driver cannot do it or cannot take it back;
    ``ControlError`` where it failed; ``OutsideWindow`` where the maintenance window has closed.

    Args:
        target: whose components.
        journal: of the target.
        interruption: makes signals wait where they would tear something.
        opened: who makes the change, for whoever finds the journal: ``test``, ``run``.
        say: is told each step.
        may_begin: raises where no change may begin now.
        clean: takes secrets out of what programs said.
        hands: gives the hands on a component; by default those that its ``control`` table describes, or
            the table of a setting.
        makers: of drivers that live above this room.
    """

    def __init__(
        self,
        target: Target,
        journal: Journal,
        interruption: Interruption,
        *,
        opened: Mapping[str, str],
        say: Callable[[str], None],
        may_begin: Callable[[], None],
        clean: Callable[[str], str] = str,
        hands: Callable[[str], Hands] | None = None,
        makers: Makers = NONE,
    ) -> None:
        self.target = target
        self._journal = journal
        self._interruption = interruption
        self._opened_by = opened
        self._begun: set[int] = set()
        self._undoing = Undoing(journal, lambda step: self._on(step.component), say, clean=clean, begun=self._begun)
        self._may_begin = may_begin
        self._over = False
        self._hands_on = hands or (lambda component: hands_on(target, component))
        self._makers = makers
        self._hands: dict[str, Hands] = {}

    def __repr__(self) -> str:
        return f"Change({self.target.name})"

    def status(self, component: str) -> Status:
        """How a component is."""
        return self._on(component).status()

    def logs(self, component: str, lines: int = 200) -> list[str]:
        """The newest lines that a component wrote, oldest first."""
        return self._on(component).logs(lines)

    def can(self, act: Act, component: str) -> None:
        """See whether an act on a component is possible at all; whether it can be taken back is seen when it begins.

        Raises:
            Unsupported: it is not.
        """
        self._on(component).check(act)

    def deadline_s(self, component: str) -> float:
        """How long an act on a component may take until it was seen to have happened."""
        return self._on(component).deadline_s

    def stop(self, component: str) -> Status:
        """Stop it in good order."""
        return self._act("stop", component)

    def start(self, component: str) -> Status:
        """Start it."""
        return self._act("start", component)

    def restart(self, component: str) -> Status:
        """Stop and start it."""
        return self._act("restart", component)

    def roll(self, component: str) -> Status:
        """Have new processes in the place of its own, which serve until those do."""
        return self._act("roll", component)

    def kill(self, component: str) -> Status:
        """End it without a chance to clean up."""
        return self._act("kill", component)

    def pause(self, component: str) -> Status:
        """Let it do nothing, and answer nothing, while it is there."""
        return self._act("pause", component)

    def resume(self, component: str) -> Status:
        """Let it go on."""
        return self._act("resume", component)

    def proxy_between(self, asked_by: str, component: str) -> str:
        """The fault proxy through which one component asks another, to be :meth:`set`: ``value="delay 2"``.

        Returns:
            Its name.

        Raises:
            Unsupported: the target has none there.
        """
        name = self.target.table.proxy_between(asked_by, component)
        if not name:
            raise Unsupported(
                f"{self.target.where} has no fault proxy between {asked_by} and {component}; describe one: "
                f"[targets.{self.target.name}.proxies.NAME] component = '{component}', listen, socket."
            )
        return name

    def ballast(self) -> dict[str, str]:
        """The disks that can be made nearly full, by name, each with the figure whose limits are to be broken by that.

        Raises:
            Unsupported: the target has none.
        """
        found = {name: table.figure for name, table in self.target.table.ballast.items()}
        if not found:
            raise Unsupported(
                f"{self.target.where} has no disk that may be made nearly full; describe one: "
                f"[targets.{self.target.name}.ballast.NAME] folder, leaves, at_most, figure."
            )
        return found

    def fill(self, name: str) -> Status:
        """Make a disk nearly full, as far as its table ``ballast.NAME`` says, by one file."""
        return self._act("set", name, {"value": FILLED})

    def clear(self, name: str) -> Status:
        """Remove the file that makes a disk nearly full."""
        return self._act("set", name, {"value": EMPTY})

    def also(self, name: str, table: Valued) -> None:
        """Have something further that can be set, which no table of the target describes.

        Args:
            name: what it is called from here on; what was called so before is acted on by the new table.
            table: what it is.
        """
        before = self._hands.get(name)
        self._hands[name] = self._noted(hands_by(table, self.target, name, self._makers, self._undoing.say))
        if before is not None:
            before.close()

    def set(self, name: str, **kept: Any) -> Status:
        """Give a setting another value: ``change.set("provider", value="anthropic")``.

        Args:
            name: of a setting, or of what :meth:`also` made known.
            **kept: what of its status is to be so.
        """
        return self._act("set", name, kept)

    def hold(self, name: str) -> None:
        """Have a setting be at the end as it is now, whatever changes it until then; nothing is done to it now.

        Args:
            name: of a setting, or of what :meth:`also` made known.

        Raises:
            ControlError: nobody can say how it is.
            OutsideWindow: the maintenance window has closed.
            JournalError: it cannot be written down.
        """
        self._still_open(f"hold {name}")
        self._noted_down("set", self._on(name))
        self._note()

    def ran(self, what: str, remains: str, act: str = "run") -> int:
        """Write down that a command is about to be run, or work to be begun, of which nothing is taken back.

        Args:
            what: its words.
            remains: what stays of it.
            act: ``run`` or ``begin``.

        Returns:
            By what it is called should it be refused.

        Raises:
            LlmopsError: this change is over.
            OutsideWindow: the maintenance window has closed.
            JournalError: it cannot be written down.
        """
        self._still_open(f"{act} {what}")
        self._may_begin()
        with self._interruption.hold():
            return self._journal.ran(act, what, remains, self._opened())

    def refused(self, number: int) -> None:
        """Write down that what was about to be done was turned away, so that nothing of it stays.

        Args:
            number: as :meth:`ran` returned it.

        Raises:
            JournalError: it cannot be written down.
        """
        with self._interruption.hold():
            self._journal.refused(number)

    def pull(self, name: str) -> Status:
        """Have the newest build of what a name stands for."""
        return self._act("pull", name)

    @property
    def acts(self) -> int:
        """How many acts there were so far."""
        return len(self._journal.story.steps)

    def keep(self, *names: str, since: int = 0) -> None:
        """Leave it as it was made: what was done to these, or to all, is not taken back any more.

        Args:
            *names: of components and settings; none: all.
            since: only what was done after so many acts.

        Raises:
            JournalError: that cannot be written, so all of it will be taken back.
        """
        with self._interruption.hold():
            steps = self._journal.story.open.items()
            numbers = [n for n, step in steps if n > since and (not names or step.component in names)]
            if numbers:
                self._journal.kept(*numbers)

    def handed_on(self, name: str) -> None:
        """A later act holds the way back of what was done to this: nobody takes it back by itself any more.

        Raises:
            JournalError: that cannot be written, so both will be taken back.
        """
        with self._interruption.hold():
            self._journal.undone(*(n for n, step in self._journal.story.open.items() if step.component == name))

    def undo(self) -> bool:
        """Take back what was done, the last first; signals wait until that is over. No act is possible afterwards.

        Returns:
            Whether all is as it was; what is not, the journal tells.

        Raises:
            JournalError: the journal cannot be read or written.
        """
        self._over = True
        with self._interruption.hold():
            try:
                if not self._journal.story.open:
                    self._journal.close()
                    return True
                if self._interruption.came:
                    count = len(self._journal.story.open)
                    self._undoing.say(f"interrupted: {count} to undo first; further signals wait until that is done")
                return self._undoing.undo(again=False)
            finally:
                for hands in self._hands.values():
                    hands.close()
                self._hands.clear()

    def _on(self, component: str) -> Hands:
        if component not in self._hands:
            self._hands[component] = self._noted(self._hands_on(component))
        return self._hands[component]

    def _noted(self, hands: Hands) -> Hands:
        """The same hands, of whose acts we are told."""
        hands.driver = cast("Driver", _Noted(hands.driver, self._note))
        return hands

    def _act(self, act: Act, component: str, given: Mapping[str, Any] | None = None) -> Status:
        self._still_open(f"{act} {component}")
        hands = self._on(component)
        number, before = self._noted_down(act, hands)
        try:
            seen = hands.act(act, given or (self._kept(component) if act == "start" else before.kept))
        except ControlError as error:
            if error.kind in {"refused", "absent"}:  # whoever was asked said no: nothing is under way
                self._done(number, act)
            raise
        self._done(number, act)
        return seen

    def _still_open(self, asked: str) -> None:
        if self._over:
            raise LlmopsError(f"{asked}: this change is over, and has been taken back.")

    def _noted_down(self, act: Act, hands: Hands) -> tuple[int, Status]:
        """Write down how it is before an act: the number of the step, and the status."""
        hands.check(act)
        before = hands.settled()
        self._can_be_undone(act, hands, before)
        self._may_begin()
        with self._interruption.hold():
            return self._journal.add(self._step(act, hands, before), self._opened()), before

    def _note(self) -> None:
        """The driver is called: from here on the act of the newest step may come into effect."""
        if not self._over:
            self._begun.add(self.acts)

    def _done(self, number: int, act: Act) -> None:
        """Write down that nothing of the act is still to come."""
        if act in LASTING:
            with self._interruption.hold():
                self._journal.done(number)

    def _kept(self, component: str) -> Mapping[str, Any]:
        """What belongs to a component that this change has stopped; nothing where it was stopped before."""
        steps = self._journal.story.open.values()
        return next((one.kept for one in steps if one.component == component and one.state != "stopped"), {})

    def _can_be_undone(self, act: Act, hands: Hands, before: Status) -> None:
        """See whether the way back is open.

        Raises:
            Unsupported: it is not; nothing was attempted.
        """
        # On its way a restart is nowhere, and may stay there
        ways = {WAYS.get((after, before.state), ()) for after in (_afterwards(act), *_on_the_way(act))}
        lacking = sorted({needed for way in ways for needed in way} - hands.can)
        if lacking:
            able = ", ".join(sorted(hands.can))
            raise Unsupported(
                f"{hands.component}: {act} is not attempted, for {hands.driver.what} could not be brought back to "
                f"{before.state}: that takes {' and '.join(map(repr, lacking))}; it can: {able}."
            )

    def _step(self, act: Act, hands: Hands, before: Status) -> Step:
        left = (*_on_the_way(act), _afterwards(act))
        by_hand = (hands.by_hand(state, before.state, before.kept) for state in left)
        return Step(
            component=hands.component,
            what=hands.driver.what,
            act=act,
            control=hands.control.model_dump(mode="json"),
            state=before.state,
            kept=dict(before.kept),
            by_hand=next(filter(None, by_hand), []),
            deadline_s=hands.deadline_s,
            instance=before.instance,
            kind=SETTING if "set" in hands.can and "stop" not in hands.can else "control",
        )

    def _opened(self) -> dict[str, Any]:
        return {
            "target": self.target.name,
            "environment": self.target.table.environment,
            "root": str(self.target.root.resolve()),
            "pid": os.getpid(),
            "sandbox": socket_of(self.target),
            **self._opened_by,
        }


class _Noted:
    """A driver, of which somebody is told before it acts."""

    def __init__(self, driver: Driver, note: Callable[[], None]) -> None:
        self._driver = driver
        self._note = note

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Note it, and have it done."""
        self._note()
        self._driver.act(act, within_s, kept)


def _afterwards(act: Act) -> State:
    """The state that an act leads to."""
    return AFTERWARDS.get(act, "stopped")


def _on_the_way(act: Act) -> tuple[State, ...]:
    """States in which an act may be left lying."""
    return ("stopped",) if act == "restart" else ()
