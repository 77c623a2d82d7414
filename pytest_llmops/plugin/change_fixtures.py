"""The fixtures by which a test changes the target: single acts, operations, clean-ups, updates."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import pytest

from pytest_llmops.plugin.ours import CHECK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.cleanup import CleanUp
    from pytest_llmops.operate.key_cache import KeyCache
    from pytest_llmops.operate.model_memory import ModelsInMemory
    from pytest_llmops.operate.model_update import ModelUpdate
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.operate.operation import Operation
    from pytest_llmops.operate.recovery import Recovered
    from pytest_llmops.operate.serving import Served
    from pytest_llmops.operate.upkeep import Upkeep
    from pytest_llmops.plugin.run import Run


@pytest.fixture
def change(_llmops: Run, request: pytest.FixtureRequest) -> Iterator[Change]:
    """Change the target, by its components' ``control`` tables: ``stop() start() restart() kill() pause() resume()``.

    Also ``status()`` and ``logs()``. Each act is journalled before it begins and waits until it was seen to have
    happened; at the end of the test all of them are taken back, the last first: on success, failure, Ctrl-C and
    SIGTERM, and after ``kill -9`` by ``llmops recover``. A test that uses it is disruptive whatever its markers say: it
    runs alone, with both keys, within the target's maintenance windows.

    Example:
        def test_the_api_says_that_the_model_is_away(change, api):
            change.stop("ollama")
            assert not api.health().ok
    """
    disruption = _llmops.disruption
    assert disruption is not None
    yield disruption.change(request.node)
    disruption.take_back()


@pytest.fixture(scope="session")
def cleanup(_llmops: Run) -> Callable[[str], CleanUp]:
    """A clean-up of the application's files, by its name in ``components.files.cleanups``: ``cleanup(name)``.

    ``plan()`` says what would go and what stays, with why, and changes nothing. ``set_aside(change)`` moves what goes
    into a folder beside it, from where the end of the test puts it back, unless ``finish()`` has deleted it
    before; where the clean-up is a rehearsal, ``lasting = false``, it does not. What is open, a link, behind a link, or
    of a set that is spared, stays.

    Example:
        def test_old_logs_go(cleanup, change, api):
            old = cleanup("old-logs")
            old.set_aside(change)
            assert api.health().healthy
            old.finish()
    """
    from pytest_llmops.operate.cleanup import CleanUp

    return lambda name: CleanUp(cast("Files", _llmops.own.serving("files")), name)


@pytest.fixture
def retire_backups(_llmops: Run, change: Change) -> Callable[..., list[str]]:
    """Delete those of our backups beyond the number that is kept: ``retire_backups(name="configuration")``.

    The newest one is read back first. They are set aside, come back unless all goes well, and their names are returned.
    Where none is superseded that is vacuous; the embedded sandbox, which is new, is given some older ones first.

    Example:
        def test_old_backups_go(retire_backups, files):
            retire_backups()
            assert not files.backups().superseded()
    """
    from pytest_llmops.operate.backup_retention import retire

    def retired(name: str = "configuration") -> list[str]:
        backups = cast("Files", _llmops.own.serving("files")).backups(name)
        if _llmops.own.embedded:
            backups.make_older(time.time())
        return retire(backups, change)

    return retired


@pytest.fixture
def model_update(_llmops: Run, change: Change) -> Callable[..., ModelUpdate]:
    """Update a model of the Ollama server: ``model_update(model="", successor="")``.

    ``hold()`` keeps the build that is there under another name, ``pull()`` fetches the new one, ``before`` and
    ``after`` are clients that ask the one and the other, ``accept()`` lets the new one stay. Without it the old build
    is back at the end of the test, whatever ended it.

    Example:
        def test_model_update(model_update, measure, prompts):
            update = model_update()
            update.hold()
            update.pull()
            measure("updated", update.after, lambda llm, prompt: llm.generate(prompt), prompts=prompts,
                    against=update.before)
            update.accept()
    """
    from pytest_llmops.operate.model_update import ModelUpdate

    return lambda model="", successor="": ModelUpdate(
        cast("Ollama", _llmops.own.serving("ollama")), change, model, successor
    )


@pytest.fixture
def models_in_memory(_llmops: Run, change: Change) -> ModelsInMemory:
    """Unload and load the models of the Ollama server: ``clear(gpu) reload(model="") answers(prompts)``.

    Also ``warmth(prompts, rounds)``, which times calls of a model that had to be loaded, and the same calls again.

    ``clear(gpu)`` has every model leave the memory, and tells what they took of the GPU's before and after, and what
    ``gpu`` reads of it; ``reload()`` has one leave and come back, and returns the seconds that loading took. At the end
    of the test whatever was in memory is loaded again, unless ``accept()`` left it as it was then. ``hold()`` has it be
    there whatever else loses it, such as a restart.

    Example:
        def test_reload(models_in_memory, record):
            record("model_load_time", models_in_memory.reload(), "s")
            models_in_memory.accept()
    """
    from pytest_llmops.operate.model_memory import ModelsInMemory

    return ModelsInMemory(cast("Ollama", _llmops.own.serving("ollama")), change)


@pytest.fixture
def upkeep(_llmops: Run, change: Change) -> Upkeep:
    """Upkeep of a Qdrant collection: ``look() configure() optimise() vacuum() maintain() rebuild() accept()``.

    Qdrant's optimizer is steered by the collection's configuration: each of these changes it, waits until the
    collection is green again, and, ``configure`` apart, changes it back. ``look(prompts)`` counts the points and how
    many of the nearest ones a search finds; ``lost_since`` compares two looks. What is not accepted is taken back at
    the end of the test.

    Example:
        def test_dead_vectors_go(upkeep, prompts):
            before = upkeep.look(prompts)
            upkeep.vacuum()
            assert not upkeep.look(prompts).lost_since(before)
    """
    from pytest_llmops.operate.upkeep import Upkeep

    return Upkeep(cast("Vectors", _llmops.own.serving("vectors")), change)


@pytest.fixture
def key_cache(_llmops: Run, change: Change) -> KeyCache:
    """The cache that the target has in Redis: ``set_aside() delete() mitigate() warm()``.

    Only keys that ``components.redis.cache`` names are touched: they are renamed, so that nobody finds them, and have
    their names again at the end of the test, unless ``delete()`` came before. ``mitigate(ask, from_pct=20)`` empties it
    where so many answers fail, and keeps it so where that helps; ``warm(asks)`` says what it is good for.

    Example:
        def test_the_cache_pays(key_cache, api, prompts):
            key_cache.set_aside()
            assert key_cache.warm(lambda: api.query(prompt, fresh=False) for prompt in prompts).pays
    """
    from pytest_llmops.operate.key_cache import KeyCache

    return KeyCache(cast("Redis", _llmops.own.serving("redis")), change)


@pytest.fixture
def operation(_llmops: Run, change: Change) -> Callable[[str], Operated]:
    """Carry out an operation of the target's table ``operations``, step by step: ``operation(name)``.

    Each step is seen to hold before the next begins; one that fails ends it, and fails the test with the step's name.
    What was done is taken back at the end of the test, unless the operation is ``lasting`` and every step held.
    Returns what was done: ``steps took_s down_s values document()``. ``down_s`` adds up how long components were away,
    until the first check that found each up; it is an error where no step checks that.

    Example:
        def test_rollback(operation, record):
            record("rollback_downtime", operation("rollback").down_s, "s")
    """
    return lambda name: _operation(_llmops, name, change).carry_out()


@pytest.fixture
def carried_out(_llmops: Run, request: pytest.FixtureRequest, change: Change) -> Callable[..., Operated]:
    """Carry out an operation as ``operation`` does, and leave what came of it: ``carried_out(name, kind="")``.

    Its page is written to the documents, and recorded are ``NAME_time`` and ``NAME_downtime``; of one of several of a
    kind ``KIND_time[NAME]`` and ``KIND_downtime[NAME]``. One that takes a component away, and never sees it up again,
    is unsupported, and is not begun. Where a step fails all is taken back at once, and the failure says whether what
    was acted on works again.

    Example:
        def test_deploy(carried_out, change):
            astray = carried_out("deploy").astray(change)
            assert not astray, "; ".join(astray)
    """
    from pytest_llmops.errors import StepFailed, Unsupported
    from pytest_llmops.operate.away import never_seen
    from pytest_llmops.operate.operated import unknown_downtime
    from pytest_llmops.plugin.cost import times_of
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.this_test import ThisTest
    from pytest_llmops.report.documents import Documents

    check = request.node.stash[CHECK]
    table = _llmops.own.target.table
    record = Record(ThisTest.asking(_llmops, request))
    documents = Documents(_llmops.report_folder, _llmops.declared.name, _llmops.redactor, check.documents.append)

    def carry_out(name: str, kind: str = "") -> Operated:
        known = table.operations.get(name)
        unseen = never_seen(known.steps, table.settings) if known else []
        if unseen:
            raise Unsupported(f"{name} is not begun: {unknown_downtime(unseen)}")
        one = _operation(_llmops, name, change)
        try:
            done = one.carry_out()
        except StepFailed as error:
            raise StepFailed(f"{error} {one.taken_back()}") from error
        documents.write(f"{name}.md", done.document())
        took, down = times_of(name, kind)
        record(took, done.took_s, "s")
        record(down, done.down_s, "s")
        return done

    return carry_out


@pytest.fixture
def recovered(_llmops: Run, change: Change) -> Callable[[str, Callable[[], object]], Recovered]:
    """Act on a component, and see it work again: ``recovered(component, act)``.

    Afterwards it has passed its preflight, a model server's with a real token, and says that it is well where it says
    anything of that. It is given the deadline of its ``control`` table once more after the act; what does not work by
    then fails the test. Returns ``took_s``, from before the act on, ``acted_s`` and what was ``seen``. The component
    may be down before.

    Example:
        def test_what_is_killed_comes_back(recovered, change, record):
            back = recovered("ollama", lambda: change.kill("ollama"))
            record("recovery_time[ollama]", back.took_s, "s", of=back.seen)
    """
    from pytest_llmops.operate.recovery import recovered

    own = _llmops.own

    def act_and_wait(component: str, act: Callable[[], object]) -> Recovered:
        return recovered(own.client(component), act, change.deadline_s(component))

    return act_and_wait


@pytest.fixture
def restarted(
    _llmops: Run,
    request: pytest.FixtureRequest,
    change: Change,
    recovered: Callable[[str, Callable[[], object]], Recovered],
) -> Callable[[str], Recovered]:
    """Restart a component for good, and see it work again: ``restarted(component)``.

    As ``recovered`` with ``change.restart``; the new process stays, also where none ran before. Recorded is
    ``recovery_time[NAME]``, which thresholds of that name judge. Where the component's driver names no instance it is
    vacuous: nobody saw that another process runs.

    Example:
        def test_restart(restarted):
            restarted("ollama")
    """
    from pytest_llmops.errors import Vacuous
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.this_test import ThisTest

    record = Record(ThisTest.asking(_llmops, request))

    def restart(component: str) -> Recovered:
        back = recovered(component, lambda: change.restart(component))
        change.keep(component)
        record(f"recovery_time[{component}]", back.took_s, "s", of=back.seen)
        if not change.status(component).instance:
            raise Vacuous(
                f"{component}: it works, and nobody tells whether that is a new process, so its restart is not seen; "
                f"give its control table an instance."
            )
        return back

    return restart


@pytest.fixture
def served(_llmops: Run, change: Change) -> Callable[[str, Callable[[], object]], Served]:  # noqa: ARG001 (it is disruptive)
    """Do something to a component, and look at it again and again meanwhile: ``served(component, act)``.

    Ten times a second at first, half as often after each hundred requests, and a little before and after the act.
    Returns ``asked failed said acted_s longest_s``; fails nothing by itself.

    Example:
        def test_rolling_restart(served, change):
            seen = served("api", lambda: change.roll("api"))
            assert not seen.failed, f"api: {seen.said}"
    """
    from pytest_llmops.operate.serving import served

    own = _llmops.own
    return lambda component, act: served(own.client(component), act)


def _operation(run: Run, name: str, change: Change) -> Operation:
    """An operation of the target, that has not begun."""
    from pytest_llmops.operate.operation import Operation

    own = run.own
    has_commands = "app_command" in own.target.table.components.configured()
    commands = cast("AppCommands", own.client("app_command")) if has_commands else None
    return Operation(own.target, name, change, client=own.client, commands=commands, say=run.say)
