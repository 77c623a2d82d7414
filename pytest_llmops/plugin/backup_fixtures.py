"""The fixtures by which a test looks at all backups of a target, and makes one."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_llmops.clients.backups import Backups, Made
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.in_place import InPlace, Restoration
    from pytest_llmops.operate.postgresql_restore import RestoredTables
    from pytest_llmops.operate.redis_restore import RestoredKeys
    from pytest_llmops.plugin.run import Run


@pytest.fixture(scope="session")
def stored_backups(_llmops: Run) -> dict[str, Backups]:
    """All backups of the target that lie in files or a bucket, by the names of ``components.files.backups``.

    ``newest() age_s() untimely()`` say when they were made. ``read() misrecorded() lacking() restored(into)`` prove
    one: to its last byte, by its recorded checksum, against what it has to hold, restored into a scratch folder. A
    target without any is *unsupported*.

    Example:
        def test_every_backup_can_be_read(stored_backups):
            for backups in stored_backups.values():
                backups.read()
    """
    from pytest_llmops.errors import Unsupported

    files = cast("Files", _llmops.own.serving("files"))
    found = {name: files.backups(name) for name, table in files.part.backups.items() if not table.ours}
    if not found:
        raise Unsupported(f"files: target {_llmops.own.target.name} does not say where a backup lies.")
    return found


@pytest.fixture(scope="session")
def made_backup(_llmops: Run) -> Callable[[str], Made]:
    """Make a backup of what a table holds in the state folder: ``made_backup(NAME)``; the same for all tests.

    Returns ``of``, the backup, and ``took_s``. Nothing of the target is changed.

    Example:
        def test_before_a_deploy(made_backup, files):
            files.backups("full").read(made_backup("full").of)
    """
    files = cast("Files", _llmops.own.serving("files"))
    made: dict[str, Made] = {}

    def make(name: str) -> Made:
        if name not in made:
            made[name] = files.backups(name).made()
        return made[name]

    return make


@pytest.fixture
def scratch_folder() -> Iterator[Path]:
    """An empty folder for its owner alone, to restore into; it goes with the test, where ``tmp_path`` would stay.

    Where the test is killed, it goes with ``llmops recover``.

    Example:
        def test_last_night(files, scratch_folder):
            assert not files.backups("nightly").restored(scratch_folder).wrong
    """
    from pytest_llmops.state.scratch import scratch_folder

    with scratch_folder() as folder:
        yield folder


@pytest.fixture
def redis_dump(_llmops: Run, scratch_folder: Path) -> Callable[[], RestoredKeys]:
    """Dump the target's Redis database, restore the dump into an empty server here, and compare: ``redis_dump()``.

    Returns ``keys bytes took_s wrong``. The dump is deleted. Without redis-server on this machine it is *unsupported*.

    Example:
        def test_redis_can_be_restored(redis_dump):
            assert not redis_dump().wrong
    """
    from pytest_llmops.operate.redis_restore import proven

    def dumped() -> RestoredKeys:
        path = scratch_folder / "redis.dump.gz"
        try:
            return proven(cast("Redis", _llmops.own.serving("redis")), path)
        finally:
            path.unlink(missing_ok=True)

    return dumped


@pytest.fixture
def postgresql_dump(_llmops: Run, scratch_folder: Path) -> Callable[[str], RestoredTables]:
    """Dump a database of the table ``databases``, restore it on a server of one's own, and compare: ``…(NAME)``.

    Returns ``tables bytes took_s wrong``. The database is only read, in one snapshot; the dump and the database that
    it is restored into are deleted. Without pg_dump, pg_restore or the extra ``postgresql`` it is *unsupported*.

    Example:
        def test_the_orders_can_be_restored(postgresql_dump):
            assert not postgresql_dump("orders").wrong
    """
    from pytest_llmops.errors import Unsupported, did_you_mean
    from pytest_llmops.operate.postgresql_restore import proven

    def dumped(name: str) -> RestoredTables:
        target, path = _llmops.own.target, scratch_folder / "postgresql.dump"
        known = target.table.databases
        if name not in known:
            raise Unsupported(
                f"databases: target {target.name} has no database {name!r}.{did_you_mean(name, known)} "
                f"It has: {', '.join(known) or 'none'}."
            )
        try:
            return proven(target, name, path)
        finally:
            path.unlink(missing_ok=True)

    return dumped


@pytest.fixture
def restored_in_place(_llmops: Run, change: Change, scratch_folder: Path) -> Callable[[str, str], InPlace]:
    """Restore a set of files to where they are, compare, and put back what was there: ``restored_in_place(NAME, SET)``.

    NAME is of the backups, of which the newest is taken. Returns ``of files took_s wrong``.

    Example:
        def test_the_configuration_comes_back(restored_in_place):
            assert not restored_in_place("nightly", "config").wrong
    """
    from pytest_llmops.operate.in_place import restored_in_place

    files = cast("Files", _llmops.own.serving("files"))
    return lambda name, of: restored_in_place(files, name, of, change, scratch_folder / "restored")


@pytest.fixture
def restoration(_llmops: Run, change: Change, scratch_folder: Path) -> Iterator[Callable[..., Restoration]]:
    """Have files of a backup in the place of those that are there, until the end of the test: ``restoration(NAME)``.

    Of the newest one, or ``restoration(NAME, files.backups(NAME).newest_whole())``. ``unpack()`` unpacks it elsewhere
    and compares, ``put(*SETS)`` has the files of these sets take their place, ``clean_up()`` deletes what was unpacked.
    At the end all is put back, also what ``change`` stopped and started meanwhile.

    Example:
        def test_recovery(restoration, change, recovered):
            recovery = restoration("nightly")
            assert not recovery.unpack().wrong
            change.stop("api")
            assert not recovery.put("config")["config"].wrong
            recovered("api", lambda: change.start("api"))
    """
    from pytest_llmops.operate.in_place import Restoration

    files = cast("Files", _llmops.own.serving("files"))
    with ExitStack() as open_ones:
        yield lambda name, one=None: open_ones.enter_context(
            Restoration(files, name, change, scratch_folder / "restored", one)
        )
