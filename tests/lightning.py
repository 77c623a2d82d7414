"""An operation that fails at one of its steps: before it is done, once it is done, or because the process is killed."""

import os
import random
import re
import signal
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.control.change import Change
from pytest_llmops.control.drivers import hands_on
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.errors import ControlError, LlmopsError
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.operate.operation import Operation
from pytest_llmops.state.journal import Journal
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.models import Budget

from .conftest import WHOLE

HOW = ("told", "before", "after")
"""The ways to fail that leave this process alive."""

MANY = 1_000_000
WITHIN_S = 60.0
"""How long an act, and all that comes of it, may take on a busy machine: none is to fail here that is not struck."""


def hit(count, at_most, seed):
    """Which of so many steps are struck in one run, and how: seeds in a row come to each of them in each way.

    With ``TESTS_WHOLE=1`` one run does.
    """
    if WHOLE:
        return [(number, how) for number in range(1, count + 1) for how in HOW]
    stride = -(-count // at_most)
    return [
        (number, HOW[(number + seed // stride) % len(HOW)]) for number in range(1 + seed % stride, count + 1, stride)
    ]


def killed_at(count, seed):
    """At which of so many steps the process is killed: at one, or with ``TESTS_WHOLE=1`` at each."""
    return list(range(1, count + 1)) if WHOLE else [random.Random(seed).randint(1, count)]


class Lightning:
    """Strikes once, at one step; whatever is done with the target asks it first and afterwards.

    Args:
        step: which one; 0: it never strikes.
        how: ``told``: whoever is told of the step fails; ``before``: what the step asks is refused; ``after``: it is
            done, and nobody is told so; ``killed``: it is done, and this process is killed.
    """

    def __init__(self, step=0, how="told"):
        self.step, self.how = step, how
        self.said = []
        self._armed = False

    def tell(self, line):
        """Hear of a step that begins. It follows one that asks nobody for anything."""
        self.said.append(line)
        if self._armed:
            self.how = "killed" if self.how == "killed" else "told"
            self._strike()
        self._armed = bool(self.step) and f": step {self.step} of " in line
        if self._armed and self.how == "told":
            self._strike()

    @contextmanager
    def around(self):
        """What a step asks for."""
        if self._armed and self.how == "before":
            self._strike()
        yield
        if self._armed:
            self._strike()

    def _strike(self):
        self._armed, self.step = False, 0
        if self.how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        kind = "refused" if self.how == "before" else "timeout"
        raise LlmopsError("struck") if self.how == "told" else ControlError("", kind, "struck")


class Beneath:
    """Something whose methods lightning may strike.

    Args:
        one: it.
        lightning: asked around each call.
        methods: by their names.
    """

    def __init__(self, one, lightning, *methods):
        self._one, self._lightning, self._methods = one, lightning, methods

    def __getattr__(self, name):
        found = getattr(self._one, name)
        if name not in self._methods:
            return found

        def called(*words, **more):
            with self._lightning.around():
                return found(*words, **more)

        return called


def unlimited(target):
    """The target without limits of its components: one that is struck again and again is asked more than they allow."""
    parts = target.table.components
    free = {name: part.model_copy(update={"rate_limit": None}) for name, part in parts.configured().items()}
    return replace(target, table=target.table.model_copy(update={"components": parts.replaced(free)}))


class System:
    """A target that runs, its clients, and how it is.

    Args:
        target: with addresses.
        folder: for its ledger.
    """

    def __init__(self, target, folder):
        self.target = unlimited(target)
        self._ledger = Ledger(folder / "ledger", Budget(requests=MANY, tokens=MANY))
        self._clients = {}
        self.before = {}

    def client(self, component):
        """The one client of a component."""
        if component not in self._clients:
            self._clients[component] = connect(self.target, component, self._ledger)
        return self._clients[component]

    def close(self):
        """Give connections back."""
        for client in self._clients.values():
            client.close()

    @property
    def operations(self):
        """The target's."""
        return self.target.table.operations

    @property
    def journal(self):
        """Of the target, anew."""
        return Journal.of(self.target.state_folder, self.target.name)

    def operation(self, name, lightning):
        """One of them beneath lightning, and the change that takes it back."""
        struck = self.operations[name].steps[lightning.step - 1]
        methods = ["act", "status"] if struck.do == "check" and struck.on in self.target.table.settings else ["act"]

        def hands(component):
            found = hands_on(self.target, component)
            found.deadline_s = max(found.deadline_s, WITHIN_S)
            found.driver = Beneath(found.driver, lightning, *methods)
            return found

        def client(component):
            with lightning.around():
                return self.client(component)

        change = Change(
            self.target,
            self.journal,
            Interruption(),
            opened={"test": "a test", "run": "a run"},
            say=lightning.said.append,
            may_begin=lambda: None,
            hands=hands,
            makers=MAKERS,
        )
        commands = self._commands
        beneath = commands and Beneath(commands, lightning, "run", "text")
        return Operation(self.target, name, change, client=client, commands=beneath, say=lightning.tell), change

    @property
    def _commands(self):
        return self.client("app_command") if self.target.table.components.app_command else None

    def looked_at(self):
        """How it is: components, settings, the files below its root, models, collections."""
        acted_on = [name for name in self.target.table.components.configured() if self._has_hands(name)]
        return {
            "states": {name: hands_on(self.target, name).status().state for name in acted_on},
            "answers": {name: preflight(self.client(name), 5.0).ok for name in acted_on},
            "settings": {name: self.setting(name) for name in self.target.table.settings},
            "files": self._files() if self.root else {},
            "models": self._models(),
            "collections": self._collections(),
        }

    @property
    def recorded(self):
        """Patterns of what the API writes of each of its calls, below the root."""
        return [re.sub(r"\{\w+\}", "*", record.file) for record in self.target.table.sandbox.records.values()]

    def _files(self):
        """Those below its root, without what the API writes of each of its calls."""
        found = _files(self.root).items()
        return {name: said for name, said in found if not any(fnmatch(name, one) for one in self.recorded)}

    def changed(self, *besides):
        """What is not as it was when `before` was noted, once it had the time to be so: the names, by what they are of.

        Args:
            *besides: of what nothing is asked.
        """

        def found():
            now = self.looked_at()
            return {of: seen for of, seen in now.items() if of not in besides and seen != self.before[of]}

        ends_at = time.monotonic() + WITHIN_S
        while found() and time.monotonic() < ends_at:
            time.sleep(0.2)
        return {of: _differing(self.before[of], seen) for of, seen in found().items()}

    def _has_hands(self, name):
        with suppress(LlmopsError):
            return bool(hands_on(self.target, name))
        return False

    def setting(self, name):
        """The value that it has."""
        return hands_on(self.target, name).status().kept["value"]

    @property
    def root(self):
        """The folder of the application's files; None where the target has none."""
        part = self.target.table.components.app_command or self.target.table.components.files
        return self.target.root / part.root if part and part.root else None

    def _models(self):
        name = self.target.table.components.serving("llm")
        return name and _or_away(lambda: sorted((one.name, one.identity) for one in self.client(name).models()))

    def _collections(self):
        name = self.target.table.components.serving("vectors")
        client = name and self.client(name)
        return client and _or_away(lambda: {one: client.collection(one) for one in client.collections()})


def _differing(before, now):
    """The names whose values differ; of what has no names, both."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return before, now
    return {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}


def _or_away(look):
    try:
        return look()
    except LlmopsError as error:
        return str(error)


class Written(bytes):
    """What stands in a log: it is as before where nothing of that is lost, whatever was written since."""

    __hash__ = bytes.__hash__

    def __eq__(self, other):
        return self.startswith(other) or other.startswith(self)

    def __ne__(self, other):
        return not self == other


def _files(root):
    """Each file's content; of a pid file, whether that process is there: a part that was restarted has another."""
    found = {}
    for path in sorted(one for one in root.rglob("*") if one.is_file()):
        content = path.read_bytes()
        lives = path.suffix == ".pid" and content.strip().isdigit() and Path(f"/proc/{int(content)}").exists()
        said = Written(content) if path.suffix == ".log" else content
        found[str(path.relative_to(root))] = "alive" if lives else said
    return found
