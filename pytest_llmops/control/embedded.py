"""Starts the embedded sandbox as a process of its own, and stops it."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError, NotInstalled
from pytest_llmops.target.component import Tls
from pytest_llmops.target.control import Sandboxed
from pytest_llmops.target.faults import each
from pytest_llmops.target.settings import SETTING, VALUE, VALUES, ByProgram

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_llmops.target.commands import Command
    from pytest_llmops.target.control import Control
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Setting

NEEDS = ("starlette", "uvicorn", "qdrant_client", "fakeredis", "trustme")
ENGINES = ("synthetic", "llama.cpp")
"""What can generate the sandbox's answers; llama.cpp needs the extra of that name."""

SLOW_S = 2.0
"""A start that takes longer is one that somebody waits for."""

STOP_WITHIN_S = 10.0
ACT_WITHIN_S = 20.0
"""For one act on a part: to come up takes a few seconds on a busy machine."""

_QUICKEST_S = 5.0
"""A command's shortest deadline in the sandbox: to start a process takes a while on a busy machine."""


def lacking() -> list[str]:
    """The modules that the sandbox is made of and that are not installed."""
    return [name for name in NEEDS if find_spec(name) is None]


def hold_installed() -> None:
    """Hold that what the sandbox is made of is installed.

    Raises:
        NotInstalled: it is not; says how to install it.
    """
    if absent := lacking():
        raise NotInstalled(f"the embedded sandbox needs {', '.join(absent)}: run pip install 'pytest-llmops[sandbox]'.")


class Sandbox:
    """A running sandbox. It ends when this process does, whatever ends it: its standard input is our pipe.

    Args:
        target: the embedded target.
        faults: how it is to be sick, e.g. ``llm:slow=1.6``.
        engine: what generates its answers, one of `ENGINES`.
        directory: where it writes, and what it removes when it ends; a temporary one of its own by default.
        slow: called once, where it is not ready within two seconds.

    Raises:
        NotInstalled: the extra is not.
        ConfigError: the sandbox says what is wrong with the request.
    """

    def __init__(
        self,
        target: Target,
        faults: Sequence[str] = (),
        engine: str = "synthetic",
        directory: Path | None = None,
        slow: Callable[[], None] = lambda: None,
    ) -> None:
        hold_installed()
        asked = _order(target) | {
            "faults": list(faults),
            "engine": engine,
            "channels": list(target.table.notify.all_channels),
        }
        if directory is not None:
            asked |= {"directory": str(directory), "keep": False}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pytest_llmops.sandbox"],  # -P: no redis.py of the folder where we are
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us; the stack ends when we let it go
        )
        try:
            said = self._said(json.dumps(asked), slow)
        except BaseException:  # Ctrl-C, above all: it has not begun to look whether we are there
            self._process.terminate()
            self.stop()
            raise
        self.facts: dict[str, Any] = json.loads(said) if said else {"error": "the sandbox ended without a word"}
        if "error" in self.facts:
            self.stop()
            raise ConfigError(f"sandbox: {self.facts['error']}")

    def _said(self, order: str, slow: Callable[[], None]) -> str:
        """What it says to an order, once it is ready."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(SLOW_S):
                slow()
        return self._process.stdout.readline()

    def stop(self) -> None:
        """End it, and wait until it has."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def _order(target: Target) -> dict[str, Any]:
    told = target.table.model_dump(mode="json", include={"components", "sandbox", "settings", "proxies", "ballast"})
    return {**told, "system_prompt": target.table.security.prompt(target.root)}


def fault_table(target: Target) -> str:
    """The faults that the sandbox of a target knows, one line each."""
    command = [sys.executable, "-P", "-m", "pytest_llmops.sandbox", "--faults"]
    asked = json.dumps(_order(target))
    return subprocess.run(command, input=asked, capture_output=True, text=True, check=True).stdout  # noqa: S603 (ours)


def knows(target: Target) -> Callable[[str], bool]:
    """Whether the target's sandbox has a fault, or all of several that are separated by commas."""
    names = {line.split()[0].partition("=")[0] for line in fault_table(target).splitlines()}
    return lambda fault: all(one.partition("=")[0] in names for one in each([fault]))


def control_of(target: Target, component: str, socket: str = "") -> Control | None:
    """How a component of an embedded target is acted on, whatever its profile says of the real one; None: not at all.

    Args:
        target: embedded.
        component: its name.
        socket: where its sandbox listens; nowhere before it runs.
    """
    unit = target.table.sandbox.unit_of(component)
    if unit is None:
        return None
    rolls = unit in target.table.sandbox.rolls
    return Sandboxed(driver="sandbox", socket=socket, part=unit, rolls=rolls, deadline=ACT_WITHIN_S)


def socket_of(target: Target) -> str:
    """Where the sandbox of an embedded target that runs listens; empty of any other target."""
    if not target.config.targets.get(target.name, target.table).embedded:
        return ""
    tables = (part.control for part in target.table.components.configured().values())
    return next((table.socket for table in tables if isinstance(table, Sandboxed)), "")


def placed(target: Target, facts: Mapping[str, Any]) -> Target:
    """The embedded target with the addresses, folders, commands, keys and control tables of a running sandbox.

    Real inference on random weights knows nothing: where the sandbox says so, prompts expect nothing of an answer.
    Time is compressed there, so its commands are ended sooner than the real ones.

    Args:
        target: as declared.
        facts: what the sandbox said when it was ready.
    """
    parts = target.table.components
    at: dict[str, dict[str, Any]] = {name: {"url": url} for name, url in facts["components"].items()}
    at |= {name: {"root": facts["root"]} for name in ("logs", "files") if name in parts.configured()}
    for name in at.keys() & {"ollama"}:
        at[name]["load_deadline"] = ACT_WITHIN_S
    if "authority" in facts:
        at["api"]["tls"] = Tls(ca=facts["authority"])
    if "ui" in at:
        at["ui"]["root"] = facts["root"]
    if parts.app_command and "command" in facts:
        at["app_command"] = {"root": facts["root"], "commands": _stood_for(target, facts["command"])}
    changed = {
        name: part.model_copy(update={"control": control_of(target, name, facts["socket"]), **at.get(name, {})})
        for name, part in parts.configured().items()
    }
    components = parts.replaced(changed)
    known = {} if facts["knows"] else _unknown(target)
    settings = {name: _set_for(name, setting, facts) for name, setting in target.table.settings.items()}
    security = target.table.security.below(facts["root"])
    at_work = facts.get("proxies", {})  # a stack of some parts alone may lack them
    proxies = {name: one.model_copy(update=at_work.get(name)) for name, one in target.table.proxies.items()}
    ballast = {name: one.model_copy(update={"root": facts["root"]}) for name, one in target.table.ballast.items()}
    disks = {"ballast": ballast, "security": security}
    update = {"components": components, "settings": settings, "proxies": proxies, **disks, **known}
    table = target.table.model_copy(update=update)
    return replace(target, table=table, environ={**target.environ, **facts["environ"], **_sinks(target, facts)})


def _set_for(name: str, setting: Setting, facts: Mapping[str, Any]) -> Setting:
    """A setting of the sandbox: its commands are calls of it, its file lies below its folder."""
    at = {"root": facts["root"], "deadline": min(setting.deadline, ACT_WITHIN_S)}
    if not isinstance(setting, ByProgram):
        return setting.model_copy(update=at)
    call = [*facts["command"], f"{SETTING}{name}"]
    value = VALUES if VALUES in setting.write else VALUE
    return setting.model_copy(update={**at, "read": call, "write": [*call, value]})


def _unknown(target: Target) -> dict[str, Any]:
    """The questions of a target whose engine was never told the answers."""
    table = target.table
    prompts, reported = (
        [prompt.model_copy(update={"expect": ""}) for prompt in asked]
        for asked in (table.prompts, table.incident.reported)
    )
    golden = table.golden.model_copy(update={"cases": []})
    return {"prompts": prompts, "golden": golden, "incident": table.incident.model_copy(update={"reported": reported})}


def _sinks(target: Target, facts: Mapping[str, Any]) -> dict[str, str]:
    """The apprise URL of each channel, by its variable: the sandbox takes what is sent there."""
    sink = str(facts.get("notify", "")).partition("://")[2]
    return {
        channel.url_env: f"json://{sink}/{name}" for name, channel in target.table.notify.all_channels.items() if sink
    }


def _stood_for(target: Target, words: Sequence[str]) -> dict[str, Command]:
    """The application's commands as calls of the sandbox; it is told the real words, too."""
    commands = target.table.components.app_command.commands if target.table.components.app_command else {}
    faster = target.table.sandbox.compress
    return {
        name: command.model_copy(
            update={
                "argv": [*words, name, *command.argv],
                "deadline": max(_QUICKEST_S, command.deadline / faster),
            }
        )
        for name, command in commands.items()
    }
