"""Each test of the suite dr on a sandbox that was started apart, ended at any moment: all is as it was before."""

import json
import os
import random
import re
import signal
import tempfile
import time
from contextlib import closing, suppress
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from pytest_llmops.cli.recover import recover
from pytest_llmops.procedures.bindings import bindings
from pytest_llmops.target.load import load

from ..conftest import SEED, WHOLE
from ..lightning import System, Written
from ..plugin.forks import Forks
from .conftest import ROOT, UNUSED, _environ, started

pytestmark = pytest.mark.acceptance

WITHIN_S = 600.0
PATIENT_S = 120.0
"""For each act: a busy machine is no part that does not come back."""

KILLS = 20 if WHOLE else 1
AT_ONCE = 2
"""Drills of a usual run, others with every seed."""

SIGNS = (signal.SIGINT, signal.SIGTERM)
TRIES = 5
"""For each moment: a run may be over before it."""

OVER = {0, 1, 5}
"""Of a run that nobody ended: on a healthy sandbox a check may be vacuous, so that none is left."""

ALSO = {
    "aegis-rag": ["dr/test_backups.py::test_newest_backups_are_whole"],  # they lie in a bucket
}
"""Tests that do something else on a further profile, and those that no marker leads to one."""

GROWS = ("logs/*", "*/logs/*", "incidents/*")
"""Logs and records below the root: they are as they were where nothing of them is lost."""

STAYS = ("backups/models_*",)
"""What an operation says that it leaves there; as what the API writes of each of its calls, it is not compared."""

NEAR = 1e-5
"""By how much a number of a vector may differ."""

STAYS_LOADED = "set of memory of "
"""What a run says where it leaves a model in memory that was not."""

WARMS_UP = "in_memory_after_a_recovery"
"""A test that has models in memory that were not, and leaves them there."""

LOSES_REMOVALS = "killed_comes_back[redis]"
"""A test that kills Redis, which may lose with its last second the removal of an earlier drill's canaries."""

CANARY = re.compile(rb"llmops-canary-[0-9a-f]{8}")
"""What the canaries of a drill are called: a key of Redis, which its journal names."""

END_THEMSELVES = ("llmops:dump:*", 120)
"""Keys of Redis that a dump is seen to hold, and the seconds after which they are gone, whatever becomes of the run."""


def drills():
    """Profile and test: a generic one on the plain sandbox, any other on the system of its first procedure."""
    first = {}
    for one in bindings(ROOT / "suites" / "dr"):
        systems = ["sandbox"] if one.generic else [name.partition(".")[0] for name in one.procedures]
        if systems:
            first.setdefault(f"dr/{one.test}", systems[0])
    found = {(profile, test) for test, profile in first.items()}
    found |= {(profile, test) for profile, tests in ALSO.items() for test in tests}
    return sorted(found)


ALL = drills()
SECTIONS = {name.split(".")[1] for one in bindings(ROOT / "suites" / "dr") for name in one.procedures}
"""Of the runbooks, for which no drill waits for a window."""

TODAY = ALL if WHOLE else [ALL[(SEED * AT_ONCE + number) % len(ALL)] for number in range(AT_ONCE)]
each = pytest.mark.parametrize(
    ("system", "test"),
    TODAY,
    indirect=["system"],
    scope="module",
    ids=[f"{profile}-{test.partition('::')[2]}" for profile, test in TODAY],
)


def journalled_canaries(state):
    """What the canaries of all drills are called that a state folder's journals tell of, open or closed."""
    return {name for path in state.rglob("*.jsonl") for name in CANARY.findall(path.read_bytes())}


class Near(tuple):
    """A vector: the sandbox's store rounds it anew with each search."""

    __slots__ = ()
    __hash__ = tuple.__hash__

    def __eq__(self, other):
        return len(self) == len(other) and all(
            abs(one - another) < NEAR for one, another in zip(self, other, strict=True)
        )

    def __ne__(self, other):
        return not self == other


def _points_in(vectors, collection):
    """Each point of a collection: its vector and its payload."""
    body = {"limit": 10_000, "with_vector": True, "with_payload": True}
    asked = vectors.http.call("POST", f"/collections/{collection}/points/scroll", body=body)
    return {one["id"]: (Near(one["vector"]), one["payload"]) for one in asked.ok().table()["result"]["points"]}


class Drilled(System):
    """A sandbox that was started apart, and the runs of pytest that drill it.

    Args:
        profile: whose.
        stack: the sandbox.
        folder: where ``llmops.toml`` lies.
        forks: what runs are forked from.
    """

    def __init__(self, profile, stack, folder, forks):
        patient = re.sub(r"(?m)^deadline = .*", f"deadline = {PATIENT_S}", stack.file.read_text())
        stack.file.write_text(
            f"{patient}\n[targets.sandbox.disruption]\nallowed = true\nanytime = {sorted(SECTIONS)}\n"
        )
        super().__init__(load(stack.file, "sandbox", folder, {**os.environ, **stack.keys}), folder)
        self.profile = profile
        self.stack = stack
        self.folder = folder
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self._forks = forks
        self._lasts_s = {}
        self._last = ""
        self._earlier = set()

    def looked_at(self):
        """How it is."""
        redis = self.target.table.components.serving("redis")
        return {
            **super().looked_at(),
            "files": self._below(),
            "keys": self._keys(redis) if redis else {},
            "points": self._points(),
            "loaded": self._loaded(),
            "proxies": {name: self.setting(name) for name in self.target.table.proxies},
            "temporary": sorted(path.name for path in self.temporary.iterdir()),
            "processes": self._processes(),
            "unfinished": sorted(path.name for path in self.target.state_folder.rglob("*.part")),
        }

    def _below(self):
        """Files and folders below the root of the application: what is in them, or that nothing of it is lost."""
        (root,) = self.stack.home.glob("*/root")
        found = {}
        for path in root.rglob("*"):
            name = path.relative_to(root).as_posix()
            if any(fnmatch(name, one) for one in (*self.recorded, *STAYS)):
                continue
            if path.is_dir():
                found[name] = "a folder"
            elif path.suffix == ".pid":
                found[name] = Path(f"/proc/{path.read_text().strip()}").exists()
            else:
                content = path.read_bytes()
                found[name] = Written(content) if any(fnmatch(name, one) for one in GROWS) else content
        return found

    def _keys(self, redis):
        library, (pattern, within_s) = self.client(redis).library, END_THEMSELVES
        ending = {name for name in library.scan_iter(pattern) if 0 < library.ttl(name) <= within_s}
        return {name: library.dump(name) for name in library.scan_iter() if name not in ending}

    def _points(self):
        name = self.target.table.components.serving("vectors")
        client = name and self.client(name)
        return {one: _points_in(client, one) for one in client.collections()} if client else {}

    def _loaded(self):
        name = self.target.table.components.serving("llm")
        client = name and self.client(name)
        return sorted(client.loaded()) if hasattr(client, "loaded") else []

    def _processes(self):
        """Those that a run has left behind: whose temporary files lie where its own do."""
        ours = f"TMPDIR={self.temporary}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if ours in path.read_bytes().split(b"\0"):
                    found.append((path.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:  # it has ended, or is not ours to look at
                continue
        return sorted(found)

    def begins(self):
        """A drill is about to begin: all canaries of which a journal tells by now are an earlier one's."""
        self._earlier |= journalled_canaries(self.target.state_folder)

    def run(self, test, sign=None, share=1.0):
        """Carry out a test, and send its run a signal once such a share of its time has passed.

        Returns its exit status, when the signal came, and all that it printed.
        """
        self.begins()
        self._last, out = test, self.folder / "out.txt"
        words = [f"-pno:{name}" for name in ("cacheprovider", *UNUSED)]
        words += ["-v", f"--llmops-config={self.stack.file}", f"--llmops-report={self.folder / 'reports'}"]
        words += ["--llmops-baseline=off", "--llmops-allow-disruption=sandbox", f"suites/{test}"]
        environ = _environ(TMPDIR=str(self.temporary), PYTHONUNBUFFERED="1", **self.stack.keys)
        child = self._forks.begin(words, ROOT, environ, out)
        ends_at, begins = time.monotonic() + WITHIN_S, f"{test} "
        while begins not in out.read_text() and self._forks.alive(0.05) and time.monotonic() < ends_at:
            pass
        began = time.monotonic()
        after_s = share * self._lasts_s.get(test, 0.0)
        if sign is not None and self._forks.alive(after_s):
            tell = os.killpg if sign == signal.SIGINT else os.kill  # a terminal tells all of them
            with suppress(ProcessLookupError):  # it may be over this very moment
                tell(child, sign)
        status = self._forks.ended(WITHIN_S)
        self.took_s = time.monotonic() - began
        return status, after_s, out.read_text()

    def is_green(self, test):
        """Carry out a test undisturbed, once: how long it takes from its first to its last moment.

        Whatever it changes is back, and what stays of it is how it is from now on.
        """
        if test not in self._lasts_s:
            self.before = self.looked_at()
            status, _, out = self.run(test)
            assert status in OVER, out
            assert self._categories() <= {"", "threshold", "vacuous"}, out
            wrong = self.wrong()
            if STAYS_LOADED in out:
                wrong.pop("loaded", None)
            assert wrong == {}, out
            self._lasts_s[test] = self.took_s
        return self._lasts_s[test]

    def _categories(self):
        """What became of the checks of the last run; that a busy machine is slow is not the matter here."""
        found = json.loads((self.folder / "reports" / "run.json").read_text())["checks"]
        return {check["category"] for check in found} or {"none was made"}

    def wrong(self):
        """What is not as it was before the last look; from now on that is how it is.

        Canaries that a killed Redis brings back are deleted where they are an earlier drill's; its own are wrong.
        """
        if WARMS_UP in self._last and {*self.before["loaded"]} <= {*(now := self._loaded())}:
            self.before["loaded"] = now
        found = self.changed()
        if LOSES_REMOVALS in self._last and (again := self._earlier & {*found.get("keys", ())}):
            self.client(self.target.table.components.serving("redis")).library.delete(*again)
            found = self.changed()
        if self.journal.story.open:
            found["open"] = list(self.journal.story.open.values())
        if found:
            self.before = self.looked_at()
        return found

    def ended_at(self, test, sign, share):
        """End a run of it by a signal: its exit status, when that came, and all that it printed."""
        for _ in range(TRIES):
            status, after_s, out = self.run(test, sign, share)
            if status not in OVER:
                return status, after_s, out
            self._lasts_s[test] = min(self._lasts_s[test], self.took_s)
        raise AssertionError(f"{test} was over each time before the signal came: {out}")


@pytest.fixture(scope="module")
def forks():
    one = Forks()
    yield one
    one.end()


@pytest.fixture(scope="module")
def system(request, tmp_path_factory, forks):
    """The sandbox of a profile; recovering is possible from here."""
    folder = tmp_path_factory.mktemp(request.param)
    with started(folder, "--profile", request.param) as stack, pytest.MonkeyPatch.context() as patch:
        for name, value in stack.keys.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        with closing(Drilled(request.param, stack, folder, forks)) as one:
            patch.setattr(tempfile, "tempdir", str(one.temporary))
            yield one


@each
def test_it_leaves_all_as_it_was(system, test):
    assert system.is_green(test) > 0


@each
def test_who_is_killed_at_any_moment_is_recovered_from(system, test):
    system.is_green(test)
    chance, wrong = random.Random(f"{SEED} {test} killed"), {}
    for number in range(KILLS):
        share = (number + chance.random()) / KILLS
        status, after_s, out = system.ended_at(test, signal.SIGKILL, share)
        done = CliRunner().invoke(recover, [])
        found = system.wrong()
        if status != -signal.SIGKILL or done.exit_code or found:
            wrong[f"{after_s:.2f} s"] = status, found, out[-3000:], done.output
    assert not wrong, f"{KILLS - len(wrong)} of {KILLS} recovered; {wrong}"


@each
@pytest.mark.parametrize("sign", SIGNS if WHOLE else [SIGNS[SEED % 2]], ids=lambda sign: sign.name)
def test_who_is_told_to_end_takes_it_back_himself(system, test, sign):
    system.is_green(test)
    share = random.Random(f"{SEED} {test} {sign}").random()
    status, after_s, out = system.ended_at(test, sign, share)
    found = system.wrong()
    assert found == {}, (status, after_s, out)
    assert status in {2, -sign}, (status, after_s, out)  # once its tests are over, it ends as any process does


def test_each_test_of_the_suite_is_a_drill(forks, tmp_path):
    """Whoever adds one adds it here only where no marker leads to its profile, in ALSO."""
    words = ["suites/dr", "--llmops-target=sandbox", "--llmops-plan", f"--llmops-report={tmp_path}"]
    words += [f"-pno:{name}" for name in ("cacheprovider", *UNUSED)]
    status, out = forks.run(words, ROOT, _environ(), WITHIN_S)
    plan = json.loads((tmp_path / "plan.json").read_text())
    found = {one["test"] for one in (*plan["checks"], *plan["left_out"])}
    assert (status, found) == (0, {test for _, test in ALL}), out


def test_a_drill_leaves_its_figures_and_its_timeline(suite):
    words = ("--llmops-target=sandbox", "--llmops-allow-disruption=sandbox", "--llmops-baseline=off")
    run = suite("suites/dr/test_drills.py", "-k", "killed and redis", *words)
    [check] = run.whole["checks"]
    names = {metric["name"]: metric["value"] for metric in check["metrics"]}
    assert set(names) == {f"drill_{figure}[redis-killed]" for figure in ("detect", "rto", "rpo")}, run.out
    assert 0 < names["drill_detect[redis-killed]"] < names["drill_rto[redis-killed]"]
    page, picture = sorted((run.reports / "documents" / "sandbox").iterdir())
    assert f"]({picture.name})" in page.read_text()


def test_a_drills_own_canary_is_told_from_those_that_redis_brings_back(tmp_path):
    """Of the journals alone: an earlier drill's is deleted, its own is red, and one that nobody journalled, too."""
    keys = {b"llmops-canary-0000000a": "earlier", b"llmops-canary-0000000b": "own", b"llmops-canary-0000000c": "whose?"}

    class Left(Drilled):
        target = SimpleNamespace(
            state_folder=tmp_path, table=SimpleNamespace(components=SimpleNamespace(serving=lambda _: "redis"))
        )
        journal = SimpleNamespace(story=SimpleNamespace(open={}))
        _earlier, _last = set(), f"dr/test_drills.py::test_what_is_{LOSES_REMOVALS}"

        def __init__(self):
            pass

        def client(self, _):
            return SimpleNamespace(library=SimpleNamespace(delete=lambda *names: [keys.pop(name) for name in names]))

        def changed(self):
            return {"keys": {*keys}}

        def looked_at(self):
            return {}

    closed = tmp_path / "journal" / "closed"
    closed.mkdir(parents=True)
    left = Left()
    for number, name in enumerate(("llmops-canary-0000000a", "llmops-canary-0000000b")):
        left.begins()
        entry = {"entry": "step", "by_hand": [f"in redis-cli: DEL {name}"], "control": {}}
        (closed / f"sandbox-{number}.jsonl").write_text(f"{json.dumps(entry)}\n")
    assert left.wrong() == {"keys": {b"llmops-canary-0000000b", b"llmops-canary-0000000c"}}
