"""Commands of the application: run by name, never by a shell, and their output read past its noise."""

from __future__ import annotations

import json
import os
import re
import shlex
import time
from dataclasses import dataclass, field
from shutil import which
from typing import TYPE_CHECKING, Any

import jmespath

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.in_folder import InFolder
from pytest_llmops.clients.noise import json_within
from pytest_llmops.clients.own_python import is_ours, lacking, programs
from pytest_llmops.control.tool import Tool
from pytest_llmops.errors import CallFailed, ControlError, Unsupported, Vacuous, excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.client import Level
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.commands import Command
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.surroundings import AppCommand

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
LONGEST_QUOTE = 300
LONGEST_COMMAND = 200
"""Of a command in an error; below it stands the whole, to be typed."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended by itself, with a status that is good.

    Attributes:
        status: its exit status.
        output: its standard output.
        errors: its standard error.
        took_s: from start to end.
    """

    status: int
    output: str = field(repr=False)
    errors: str = field(repr=False)
    took_s: float

    @property
    def said(self) -> str:
        """The last line that it wrote; standard error goes before output, empty where it wrote nothing."""
        lines = (self.errors.strip() or self.output.strip()).splitlines()
        return lines[-1].strip() if lines else ""


@dataclass(frozen=True, slots=True)
class Reported:
    """What a command says of the application's state.

    Attributes:
        status: its word for the whole.
        healthy: whether that is a good one.
        alerts: those that are active.
        document: all that it printed.
        counted: requests that it has seen; 0 where the target does not say where that stands.
    """

    status: str
    healthy: bool
    alerts: tuple[str, ...]
    document: Any
    counted: float = 0.0


class AppCommands(InFolder):
    """The application's commands.

    Args:
        target: the deployment.
        component: its name there.
        ledger: where calls are counted, each run of a command is one.
    """

    part: AppCommand

    def __init__(self, target: Target, component: str, ledger: Ledger) -> None:
        super().__init__(target, component, ledger)
        self._redactor = target.redactor()

    def __repr__(self) -> str:
        return f"AppCommands({', '.join(self.part.commands) or 'none'})"

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: the folder is there, and the program of one of the commands at least; nothing is run."""
        return [("reachable", self._find)]

    def close(self) -> None:
        """Nothing is held."""

    def has(self, name: str) -> bool:
        """Whether the target has a command of that name, and one that can work."""
        command = self.part.commands.get(name)
        return command is not None and not command.unable

    def must_be_its_own(self, name: str) -> None:
        """See that a command asks the application's Python, and not the one that these tests run in.

        Raises:
            CallFailed: ``absent``: it asks ours, or its pip, which lacks what ``requirements.txt`` names.
            Unsupported, Vacuous: as `run`.
        """
        command = self._command(name)
        lacks = lacking(self.root / "requirements.txt")
        if lacks and is_ours(command.argv[0], self._path(command)):
            said = f"its {command.argv[0]} is the one of these tests, which has no {lacks[0]} of requirements.txt"
            raise self._failed(name, "absent", f"{said}; give argv the path of the application's own")

    def unable(self) -> dict[str, str]:
        """The commands of the runbook that are known to be unable to work, by name, with the reason."""
        return {name: command.unable for name, command in self.part.commands.items() if command.unable}

    def run(self, name: str, *args: str) -> Ran:
        """Run a command to its end.

        Args:
            name: of the target's ``commands``.
            *args: further words, behind those of its ``argv``.

        Raises:
            CallFailed: ``absent``: there is no such program or folder; ``refused``: it may not be run; ``timeout``:
                it was killed at its deadline with all that it started; ``exit-1`` and so on: a status that is not
                among the good ones; ``bad-answer``: JSON was promised and there is none.
            Unsupported: the target has no such command; it is optional, and its program is not there.
            Vacuous: it is known to be unable to work.
        """
        command = self._command(name)
        tool = Tool(tuple(command.argv), self.root, self._environ(command))
        self.ledger.admit(self.component, self.part.rate_limit)
        last_exchange.set(self._redactor.clean(tool.typed(*args)))
        start = time.perf_counter()
        try:
            done = tool.run(*args, within_s=command.deadline)
        except ControlError as error:
            kind = "absent" if error.kind == "away" else error.kind
            typed = shlex.join([*command.argv, *args])
            said = str(error).rstrip(".").replace(typed, excerpt(typed, LONGEST_COMMAND))
            failed = self._failed(name, kind, said)
            lacking = kind == "absent" and command.optional and self.root.is_dir()
            raise Unsupported(str(failed)) if lacking else failed from None
        ran = Ran(done.status, done.out, done.err, time.perf_counter() - start)
        self.ledger.answer(self.component)
        if ran.status not in command.exit:
            raise self._failed(name, _kind(ran.status), f"{_ended(ran.status)}; it said: {self.quoted(ran.said)}")
        if command.output == "json":
            self._document(name, ran)
        return ran

    def json(self, name: str, *args: str) -> Any:
        """The JSON in a command's output, past the lines of noise before and behind it.

        Raises:
            CallFailed: as `run`; also ``bad-answer``: it holds no whole JSON document.
        """
        return self._document(name, self.run(name, *args))

    def report(self, name: str, found: Any = None) -> Reported:
        """What a command says of the application's state, by its table ``report``.

        Args:
            name: of the target's ``commands``.
            found: the JSON that it printed before; None: it is run now.

        Raises:
            CallFailed: as `json`; also ``bad-answer``: there is no status, or no list of alerts.
            Unsupported: the target does not say where it stands.
            Vacuous: the process that was asked has seen no request, so it tells of nothing.
        """
        table = self._command(name).report
        if table is None:
            raise Unsupported(f"{self.component}: target {self.target.name} does not say where {name} tells its state.")
        found = self.json(name) if found is None else found
        status, alerts = jmespath.search(table.status, found), jmespath.search(table.alerts, found)
        if not isinstance(status, str) or not isinstance(alerts, list):
            where = f"a status at {table.status!r} and alerts at {table.alerts!r}"
            raise self._failed(name, "bad-answer", f"its JSON does not hold {where}")
        counted = jmespath.search(table.counted, found) if table.counted else None
        if table.counted and (isinstance(counted, bool) or not isinstance(counted, int | float)):
            raise self._failed(
                name, "bad-answer", f"its JSON holds {counted!r} at {table.counted!r}, which is no number"
            )
        if counted == 0:
            of = "of a process of its own that has seen no request, not of the one that serves"
            raise Vacuous(f"{self.component}: {name} says {status!r} {of}.")
        return Reported(status, status in table.healthy, tuple(str(alert) for alert in alerts), found, counted or 0.0)

    def text(self, name: str, *args: str) -> str:
        """A command's output.

        Raises:
            CallFailed: as `run`.
        """
        return self.run(name, *args).output

    def lines(self, name: str, *args: str) -> list[str]:
        """A command's output, line by line, blank ones left out.

        Raises:
            CallFailed: as `run`.
        """
        return [line for line in self.text(name, *args).splitlines() if line.strip()]

    def _document(self, name: str, ran: Ran) -> Any:
        try:
            return json_within(ran.output)
        except json.JSONDecodeError as error:
            said = self.quoted(ran.output.strip())
            raise self._failed(name, "bad-answer", f"printed no JSON ({error.msg}): {said}") from None

    def _command(self, name: str) -> Command:
        command = self.named("command", name, self.part.commands)
        if command.unable:
            raise Vacuous(
                f"{self.component}: {name} ({shlex.join(command.argv)}) cannot work here: {command.unable.rstrip('.')}."
            )
        return command

    def _environ(self, command: Command) -> Mapping[str, str]:
        """Ours, without the variables that hold a secret of this target, but for those that the command names.

        Without our pytest's, too; and with the application's own virtual environment, where its folder holds one.
        """
        known = self.target.without_secrets(os.environ).items()
        ours = {name: value for name, value in known if not name.startswith("PYTEST_")}
        if own := programs(self.root):
            ours |= {"PATH": f"{own}{os.pathsep}{ours.get('PATH', os.defpath)}", "VIRTUAL_ENV": str(own.parent)}
        return {**ours, **{name: self.target.environ[name] for name in command.env if name in self.target.environ}}

    def _path(self, command: Command) -> str:
        """The folders in which its program is looked for."""
        return self._environ(command).get("PATH", os.defpath)

    def _find(self) -> None:
        if not self.root.is_dir():
            raise CallFailed(self.component, "absent", f"{self.component}: there is no folder {self.root}.")
        sought = {command.argv[0]: command for command in self.part.commands.values() if not command.unable}
        if sought and not any(
            which(program, path=self._path(command)) or (self.root / program).is_file()
            for program, command in sought.items()
        ):
            raise CallFailed(
                self.component,
                "absent",
                f"{self.component}: none of the programs of its commands is there: {', '.join(sorted(sought))}.",
            )

    def quoted(self, text: str) -> str:
        """A text as an error may quote it: without secrets and control characters, cut."""
        shown = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", self._redactor.clean(text))
        return excerpt(shown, LONGEST_QUOTE) or "(nothing)"

    def _failed(self, name: str, kind: str, what: str) -> CallFailed:
        return CallFailed(self.component, kind, self._redactor.clean(f"{self.component}: {name}: {what}."))


def _kind(status: int) -> str:
    return f"exit-{status}" if status >= 0 else f"signal-{-status}"


def _ended(status: int) -> str:
    return f"ended with exit status {status}" if status >= 0 else f"was ended by signal {-status}"
