"""Carries out an operation of the target: each step is seen to hold before the next, and a failure takes all back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from pytest_llmops.clients import jobs
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.errors import (
    LlmopsError,
    OutsideWindow,
    StepFailed,
    Unsupported,
    Vacuous,
    did_you_mean,
)
from pytest_llmops.operate.away import Away
from pytest_llmops.operate.lacking import ACTS, WORK, lacking
from pytest_llmops.operate.operated import Done, Operated
from pytest_llmops.operate.recovery import FIRST_TOKEN_S, until, works
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.service import Service
    from pytest_llmops.control.change import Change
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.operations import Operation as Table
    from pytest_llmops.target.operations import Step

QUICKEST_S = 10.0
SHORTEST_S = 1.0
"""To how little the time of a check, and a wait, is compressed: processes take a while on a busy machine."""


class Operation:
    """One operation of a target.

    Args:
        target: with addresses.
        name: of its ``operations``.
        change: makes the changes, and takes them back.
        client: gives a component's client, whether or not it can be reached.
        commands: the application's; None where the target has none.
        say: is told each step before it begins.

    Raises:
        Unsupported: the target has no such operation.
    """

    def __init__(
        self,
        target: Target,
        name: str,
        change: Change,
        *,
        client: Callable[[str], Client],
        commands: AppCommands | None,
        say: Callable[[str], None],
    ) -> None:
        known = target.table.operations
        if name not in known:
            raise Unsupported(
                f"target {target.name} has no operation {name!r}.{did_you_mean(name, known)} "
                f"Say how it is done: [targets.{target.name}.operations.{name}] with about and steps."
            )
        self.target = target
        self.name = name
        self.table: Table = known[name]
        self._change = change
        self._client = client
        self._commands = commands
        self._say = say
        self._done: list[Done] = []
        self._printed: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._before: dict[str, str] = {}
        self._begun: list[tuple[str, str]] = []
        self._away = Away(self.table.steps, target.table.settings)

    def carry_out(self) -> Operated:
        """Do every step, each once the one before was seen to hold; then keep what these did, if it is to last.

        A value to set that a command prints is asked for before the first step: what runs then says where to go.

        Raises:
            Unsupported: the target lacks what a step needs; nothing was done.
            StepFailed: says which step failed, why, and what stays of those before.
            OutsideWindow: the maintenance window has closed meanwhile.
            Vacuous: nothing is there that work could be begun over.
        """
        if found := list(lacking(self.table.steps, self.target, self._change, self._commands)):
            raise Unsupported(f"{self.name} is not begun: {'; '.join(found)}.")
        asked = [(step.on, step.printed_by) for step in self.table.steps if step.do == "set" and step.printed_by]
        self._printed = {(setting, command): self._print(setting, command) for setting, command in asked}
        acts = self._change.acts
        for number, step in enumerate(self.table.steps, 1):
            self._say(f"{self.name}: step {number} of {len(self.table.steps)}, {step.said}")
            at, start = time.time(), time.perf_counter()
            self._away.begins(step)
            try:
                seen = self._carry_out(step)
            except (OutsideWindow, Vacuous):
                raise
            except LlmopsError as error:
                raise StepFailed(self._told(number, step, str(error))) from error
            self._away.held(number - 1)
            self._done.append(Done(step.said, at, time.perf_counter() - start, seen, step.does))
        if self.table.lasting:
            self._change.keep(since=acts)
            if self._values:  # what they were before, whoever had set them so, is not to be any more
                self._change.keep(*self._values)
        return Operated(
            name=self.name,
            about=self.table.about,
            lasting=self.table.lasting,
            steps=tuple(self._done),
            away_s=self._away.known_s,
            unseen=self._away.unseen,
            values=self._values,
            before=self._before,
        )

    def taken_back(self) -> str:
        """Take back what was done, once a step has failed, and see whether what was acted on works again.

        It works by the steps of the operation that check it. No act is possible afterwards.

        Returns:
            Whether it is as it was, and what was seen of each component, in sentences.
        """
        steps = self.table.steps
        acted = {step.on for step in steps if step.do in ACTS}
        looks = {step.on: step for step in steps if step.do == "check" and step.state != "away" and step.on in acted}
        return " ".join([self._undone(), *(f"{name} {self._again(step)}." for name, step in looks.items())])

    def _undone(self) -> str:
        """Take it back, and say whether it is."""
        try:
            return "What was done is taken back." if self._change.undo() else "Not all of it is as it was before."
        except LlmopsError as error:
            return f"What was done is NOT taken back: {str(error).rstrip('.')}."

    def _again(self, step: Step) -> str:
        try:
            return f"works again: {self._checked(step).rstrip('.')}"
        except LlmopsError as error:
            return f"does NOT work again: {str(error).rstrip('.')}"

    def _told(self, number: int, step: Step, why: str) -> str:
        """The sentence about a step that failed."""
        steps = self.table.steps
        left = list(dict.fromkeys(one.remains for one in steps[: number - 1] if one.remains and not one.refused))
        if step.remains and step.remains not in left:
            left.append(f"perhaps {step.remains}")
        stays = f" What stays of it: {'; '.join(left)}." if left else ""
        failed = f"{self.name}: step {number} of {len(steps)}, {step.said}: {why.rstrip('.')}."
        return f"{failed}{stays}"

    def _carry_out(self, step: Step) -> str:
        """Do a step, and say what was seen."""
        if step.do == "wait":
            time.sleep(self._compressed(step.lasts, SHORTEST_S))
            return "passed"
        if step.do == "run":
            return self._ran(step)
        if step.do == "check":
            return self._checked(step)
        if step.do in WORK:
            return self._handed_over(step) if step.do == "begin" else self._finished(step)
        if step.do == "set":
            value = self._printed[step.on, step.printed_by] if step.printed_by else str(step.to)
            self._before.setdefault(step.on, str(self._change.status(step.on).kept["value"]))
            self._change.set(step.on, value=value)
            self._values[step.on] = value
            return f"it is {value}"
        status = getattr(self._change, step.do)(step.on)
        return f"{status.state}{f' ({status.detail})' if status.detail else ''}"

    def _compressed(self, seconds: float, least_s: float) -> float:
        """A time of the target: in a sandbox it goes by faster, though not below what processes need."""
        return max(min(seconds, least_s), seconds / self.target.table.faster)

    def _ran(self, step: Step) -> str:
        assert self._commands is not None
        if step.remains:
            self._change.ran(f"command {step.on}", step.remains)
        said = self._commands.run(step.on).said
        return f"it said: {self._commands.quoted(said)}" if said else "it ended well"

    def _handed_over(self, step: Step) -> str:
        """Have work begun, or turned away.

        Raises:
            StepFailed: it was the other of the two.
        """
        number = self._change.ran(f"work {step.work} of {step.on}", step.remains, "begin")
        begun = jobs.begin(cast("Service", self._client(step.on)), step.work)
        if begun.job:
            self._begun.append((step.on, begun.job))
        else:
            self._change.refused(number)
        if bool(begun.job) is step.refused:
            raise StepFailed(f"{f'taken on, as {begun.job}' if begun.job else 'refused'}: {begun.said}")
        return begun.said

    def _finished(self, step: Step) -> str:
        """Wait until all that was begun is over.

        Raises:
            StepFailed: some of it failed.
        """
        ends_at = time.monotonic() + self._compressed(step.within, QUICKEST_S)
        seen = []
        for job in [job for component, job in self._begun if component == step.on]:
            done = jobs.ended(cast("Service", self._client(step.on)), job, max(0.0, ends_at - time.monotonic()))
            seen.append(f"{job} is {done.state}")
            if done.failed:
                raise StepFailed(f"{seen[-1]}, and of it failed: {', '.join(done.failed)}")
        return ", ".join(seen) or "nothing was begun"

    def _print(self, setting: str, command: str) -> str:
        """The value that a command prints for a setting.

        Raises:
            StepFailed: it prints none.
        """
        assert self._commands is not None
        value = self.target.table.settings[setting].value(self._commands.text(command))
        if not value:
            raise StepFailed(f"{self.name}: the command {command} printed no value")
        return value

    def _checked(self, step: Step) -> str:
        """Look again and again until it is so, or too late.

        Raises:
            StepFailed: it was not so in time.
        """
        look = self._setting if step.on in self.target.table.settings else self._component
        within_s = self._compressed(step.within, QUICKEST_S)
        holds, seen = until(lambda: look(step), within_s)
        if not holds:
            raise StepFailed(f"after {spoken(within_s)} {seen}")
        return seen

    def _setting(self, step: Step) -> tuple[bool, str]:
        value = str(self._change.status(step.on).kept["value"])
        wanted = self._print(step.on, step.printed_by) if step.printed_by else str(step.to)
        other = f"and {step.printed_by} prints" if step.printed_by else "and is to be"
        return value == wanted, f"{step.on} is {value!r}{'' if value == wanted else f', {other} {wanted!r}'}"

    def _component(self, step: Step) -> tuple[bool, str]:
        client = self._client(step.on)
        if step.route:
            tried = cast("Service", client).tried(step.route)
            return 200 <= tried.status < 300, tried.said
        if step.state == "healthy":
            return works(client, step.within)
        found = preflight(client, min(step.within, FIRST_TOKEN_S))
        return (found.ok if step.state == "up" else not found.level), found.reason
