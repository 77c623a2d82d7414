"""Clean-ups: just what is old enough and lies where it was declared goes, and comes back until it is deleted."""

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmops.clients.client import connect
from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.errors import CallFailed, ConfigError, ControlError, StepFailed, Unsupported, Vacuous
from pytest_llmops.operate.cleanup import CleanUp
from pytest_llmops.operate.set_aside import ASIDE
from pytest_llmops.state.journal import Journal
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load

DAY = 86400
FILE = """
[targets.here.components.files]
root = "app"
[targets.here.components.files.sets]
logs = { paths = ["logs/**/*.log", "logs/*/*.log"], drop = "30 d" }
audit = { paths = ["logs/audit*.log"] }
errors = { paths = ["logs/*.log*"], holding = ' ERROR ', keep = "90 d" }
outputs = { paths = ["outputs/*"] }
backups = { paths = ["backups/*"] }
[targets.here.components.files.cleanups]
old-logs = { sets = ["logs"], spare = ["audit"] }
newest = { sets = ["logs"], older_than = "10 d", keep_newest = 2 }
outputs = { sets = ["outputs"], older_than = "30 d", backup = "backups" }
copies = { sets = ["outputs", "backups"], older_than = "30 d", backup = "backups" }
all-but-errors = { sets = ["logs"], spare = ["errors"] }
cache = { sets = ["logs"], older_than = "10 d", worth = "data.tokens_used" }
rehearsed = { sets = ["logs"], lasting = false }
"""


class App:
    """An application's folder, beside something that is none of its business."""

    def __init__(self, folder, text=FILE):
        self.folder, self.root, self.outside = folder, folder / "app", folder / "elsewhere"
        (folder / "llmops.toml").write_text(text)
        for place in (self.root / "logs", self.outside):
            place.mkdir(parents=True)
        self.file(self.outside / "precious.log", 400)
        self.target = load(folder / "llmops.toml", None, folder, {})
        self.files = connect(self.target, "files", Ledger(folder / "ledger", self.target.table.budget))

    def file(self, path, days, text="x"):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (time.time() - days * DAY,) * 2)
        return path

    def change(self):
        return Change(
            self.target,
            Journal.of(self.target.state_folder, "here"),
            Interruption(),
            opened={"test": "a test", "run": "a run"},
            say=lambda line: None,
            may_begin=lambda: None,
        )

    def clean_up(self, name="old-logs"):
        return CleanUp(self.files, name)

    def seen(self):
        """Everything in both folders: kind, content, time and mode of each; a folder's time is its own business."""
        return {
            str(path.relative_to(self.folder)): seen_of(path)
            for top in (self.root, self.outside)
            for path in [top, *walked(top)]
        }


def walked(top):
    for entry in os.scandir(top):
        yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from walked(entry.path)


def seen_of(path):
    if path.is_symlink():
        return "link", str(path.readlink())
    if path.is_dir():
        return ("folder",)
    if path.is_fifo():
        return ("fifo",)
    return "file", path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode


@pytest.fixture
def app(tmp_path):
    return App(tmp_path)


def names(plan):
    return [fact.name for fact in plan.going]


def test_what_is_old_goes_and_comes_back(app):
    app.file("logs/old.log", 31)
    app.file("logs/deep/older.log", 100)
    app.file("logs/new.log", 29)
    app.file("logs/old.txt", 99)
    before, change = app.seen(), app.change()
    plan = app.clean_up().set_aside(change)
    assert names(plan) == ["logs/deep/older.log", "logs/old.log"]
    assert not (app.root / "logs/old.log").exists()
    assert (app.root / ASIDE / "old-logs/logs/deep/older.log").exists()
    assert change.undo()
    assert app.seen() == before


def test_it_is_deleted_for_good(app):
    app.file("logs/old.log", 31)
    app.file("logs/new.log", 29)
    clean_up, change = app.clean_up(), app.change()
    clean_up.set_aside(change)
    clean_up.finish()
    assert change.undo()
    assert sorted(path.name for path in walked(app.root)) == ["logs", "new.log"]


def test_a_rehearsal_deletes_nothing(app):
    app.file("logs/old.log", 31)
    app.file(f"{ASIDE}/rehearsed/logs/lost.log", 90)
    before, clean_up, change = app.seen(), app.clean_up("rehearsed"), app.change()
    assert "would be set aside. A rehearsal: they are put back" in clean_up.plan().document()
    gone = clean_up.set_aside(change)
    clean_up.finish()
    assert names(gone) == ["logs/old.log"]
    assert not clean_up.plan().going
    assert "1 file, 1e-06 MB, set aside. A rehearsal" in gone.document(done=True)
    assert change.undo()
    assert app.seen() == before


def test_a_killed_run_is_recovered(app):
    app.file("logs/old.log", 31)
    before = app.seen()
    app.clean_up().set_aside(app.change())
    [recovery] = recoveries(app.target.state_folder)
    assert recovery.carry_out(lambda line: None)
    assert app.seen() == before


def test_what_an_earlier_run_left_aside_is_not_deleted_with_the_rest(app):
    lost = app.file(f"{ASIDE}/old-logs/logs/lost.log", 90)
    app.file("logs/old.log", 31)
    clean_up, change = app.clean_up(), app.change()
    clean_up.set_aside(change)
    clean_up.finish()
    assert change.undo()
    assert [path for path in walked(app.root) if path.is_file()] == [lost]


def test_what_lies_aside_already_is_not_taken_for_the_file_that_is_there_again(app):
    app.file(f"{ASIDE}/old-logs/logs/old.log", 90, "older")
    app.file("logs/old.log", 31)
    before, change = app.seen(), app.change()
    with pytest.raises(StepFailed, match=r"clean-up old-logs: logs/old\.log lies in .* already, of an earlier run"):
        app.clean_up().set_aside(change)
    assert change.undo()
    assert app.seen() == before


def test_what_was_made_anew_meanwhile_is_not_written_over(app):
    app.file("logs/old.log", 31, "old")
    change = app.change()
    app.clean_up().set_aside(change)
    app.file("logs/old.log", 0, "new")
    assert not change.undo()
    [failure] = Journal.of(app.target.state_folder, "here").story.failed.values()
    assert "old.log is there again" in failure.why
    assert "cp -anv .llmops-aside/old-logs/. ." in failure.by_hand[0]
    assert (app.root / "logs/old.log").read_text() == "new"
    assert (app.root / ASIDE / "old-logs/logs/old.log").read_text() == "old"


@pytest.mark.parametrize("name", ["old-logs", "all-but-errors"])
def test_a_log_that_is_rotated_away_meanwhile_is_none(app, monkeypatch, name):
    app.file("logs/old.log", 31)
    gone, found = app.file("logs/going.log", 31, " ERROR "), Path.glob

    def glob(root, pattern):
        paths = list(found(root, pattern))
        gone.unlink(missing_ok=True)
        return iter(paths)

    monkeypatch.setattr(Path, "glob", glob)
    assert names(app.clean_up(name).plan()) == ["logs/old.log"]


def test_what_stays_is_said_with_why(app):
    app.file("logs/old.log", 31)
    app.file("logs/audit.log", 200)
    app.file("logs/busy.log", 40)
    (app.root / "logs/way").symlink_to(app.outside)
    (app.root / "logs/one.log").symlink_to(app.outside / "precious.log")
    os.utime(app.root / "logs/one.log", (time.time() - 99 * DAY,) * 2, follow_symlinks=False)
    with Held(app.root / "logs/busy.log"):
        plan = app.clean_up().plan()
    assert names(plan) == ["logs/old.log"]
    assert plan.staying["logs/audit.log"] == "spared, as one of audit"
    assert plan.staying["logs/busy.log"].startswith("open in ")
    outside = f"{app.outside.resolve()}, which leads out of the folder"
    assert plan.staying["logs/way/precious.log"] == f"behind the link way to {outside}"
    assert plan.staying["logs/one.log"].startswith("a link to ")
    assert list(plan.spared) == ["logs/audit.log"]
    assert plan.oldest_s == pytest.approx(400 * DAY, abs=60)
    page = plan.document()
    assert "1 file, 1e-06 MB, would be deleted." in page
    assert "| `logs/old.log` | 1e-06 MB | 31 days |" in page
    assert "- `logs/audit.log`: spared, as one of audit" in page
    assert "deleted." in plan.document(done=True)


def test_what_no_rule_keeps_says_how_old_the_rest_is(app):
    app.file("logs/audit.log", 200)
    app.file("logs/deep/new.log", 3)
    app.file("logs/old.log", 31)
    plan = app.clean_up().plan()
    assert [fact.name for fact in plan.kept] == ["logs/audit.log", "logs/deep/new.log"]
    assert plan.oldest_s == pytest.approx(3 * DAY, abs=60)


def test_the_newest_stay_however_old(app):
    for days in (11, 12, 13, 5):
        app.file(f"logs/{days}.log", days)
    assert names(app.clean_up("newest").plan()) == ["logs/13.log"]


@pytest.mark.parametrize("keep", [4, 5])
def test_all_stay_where_there_are_no_more_than_are_kept(tmp_path, keep):
    app = App(tmp_path, FILE.replace("keep_newest = 2", f"keep_newest = {keep}"))
    for days in (11, 12, 13, 14):
        app.file(f"logs/{days}.log", days)
    assert names(app.clean_up("newest").plan()) == []


def test_what_is_spared_goes_after_its_own_time(app):
    app.file("logs/bad.log", 60, "1 ERROR x\n")
    app.file("logs/worse.log", 91, "1 ERROR x\n")
    app.file("logs/good.log", 60, "1 INFO x\n")
    plan = app.clean_up("all-but-errors").plan()
    assert names(plan) == ["logs/worse.log", "logs/good.log"]
    assert plan.staying == {"logs/bad.log": "spared, as one of errors, until it is 90 days old"}


def test_what_a_compressed_log_holds_is_seen(app):
    packed = app.file("logs/bad.log.1.gz", 10)
    packed.write_bytes(gzip.compress(b"1 ERROR x\n"))
    app.file("logs/good.log", 10, "1 INFO x\n")
    assert [fact.name for fact in app.files.found("errors").facts] == ["logs/bad.log.1.gz"]


def test_only_what_has_a_backup_goes(app):
    app.file("outputs/copied.md", 31, "one")
    app.file("outputs/packed.md", 32, "two")
    app.file("outputs/changed.md", 33, "three")
    app.file("outputs/never.md", 34, "four")
    app.file("backups/copied.md", 0, "one")
    app.file("backups/changed.md", 0, "three, before")
    packed = app.root / "backups/all.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(app.root / "outputs/packed.md", "packed.md")
    plan = app.clean_up("outputs").plan()
    assert names(plan) == ["outputs/packed.md", "outputs/copied.md"]
    assert plan.copies == {"outputs/copied.md": "backups/copied.md", "outputs/packed.md": "backups/all.tar.gz"}
    assert plan.stuck == dict.fromkeys(["outputs/never.md", "outputs/changed.md"], "in no backup, as it is, of backups")
    assert "| `outputs/packed.md` | 3e-06 MB | 32 days | `backups/all.tar.gz` |" in plan.document()
    packed.write_bytes(packed.read_bytes()[:60])
    with pytest.raises(CallFailed, match=r"files: backups/all\.tar\.gz cannot be read as a backup: "):
        app.clean_up("outputs").plan()


def test_what_is_only_in_a_zip_or_compressed_by_itself_has_a_backup(app):
    zipped, alone, kept = (app.file(f"outputs/{n}.md", 31, n) for n in ("zipped", "alone", "kept"))
    (app.root / "backups").mkdir()
    with zipfile.ZipFile(app.root / "backups/all.zip", "w") as archive:
        archive.write(zipped, "zipped.md")
    (app.root / "backups/alone.md.gz").write_bytes(gzip.compress(alone.read_bytes()))
    kept.rename(kept.with_suffix(".7z"))
    shutil.copy(kept.with_suffix(".7z"), app.root / "backups")
    assert app.clean_up("outputs").plan().copies == {
        "outputs/zipped.md": "backups/all.zip",
        "outputs/alone.md": "backups/alone.md.gz",
        "outputs/kept.7z": "backups/kept.7z",
    }


def test_what_may_go_itself_is_nobodys_backup(app):
    app.file("outputs/one.md", 31, "one")
    app.file("backups/one.md", 31, "one")
    app.file("outputs/two.md", 31, "two")
    app.file("backups/two.md", 32, "two")
    app.file("backups/newer.md", 1, "two")
    plan = app.clean_up("copies").plan()
    assert plan.copies == dict.fromkeys(["backups/two.md", "outputs/two.md"], "backups/newer.md")
    assert plan.stuck == dict.fromkeys(["outputs/one.md", "backups/one.md"], "in no backup, as it is, of backups")


def test_a_link_to_what_may_go_is_nobodys_backup(app):
    one, two = app.file("outputs/one.md", 31, "one"), app.file("outputs/two.md", 31, "two")
    (app.root / "outputs/latest.md").symlink_to("two.md")
    (app.root / "backups").mkdir()
    (app.root / "backups/one.md").symlink_to("../outputs/one.md")
    no_backup = "in no backup, as it is, of backups"
    assert app.clean_up("outputs").plan().stuck == {"outputs/one.md": no_backup, "outputs/two.md": no_backup}
    (app.root / "backups/one.md").unlink()
    (app.root / "backups").rmdir()
    (app.root / "backups").symlink_to("outputs")
    assert not app.clean_up("copies").plan().going
    (app.root / "backups").unlink()
    (app.root / "backups").mkdir()
    (app.root / "backups/one.md").hardlink_to(one)
    shutil.copy(two, app.root / "backups/kept.md")
    (app.root / "backups/two.md").symlink_to("kept.md")
    assert names(app.clean_up("outputs").plan()) == ["outputs/one.md", "outputs/two.md"]


class Held:
    """A file that another process has open."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        code = f"import sys; file = open({str(self.path)!r}); print(1, flush=True); sys.stdin.read()"
        self.process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def __exit__(self, *_):
        self.process.communicate()


def test_a_folder_that_becomes_a_link_after_the_plan_is_not_followed(app):
    app.file("logs/deep/old.log", 31)
    shutil.copytree(app.root / "logs/deep", app.outside / "deep")
    clean_up, change = app.clean_up(), app.change()
    plan = clean_up.plan()

    def planned():
        shutil.rmtree(app.root / "logs/deep")
        (app.root / "logs/deep").symlink_to(app.outside / "deep")
        return plan

    clean_up.plan = planned
    with pytest.raises(ControlError, match=r"is a link, or no folder; not moved"):
        clean_up.set_aside(change)
    assert change.undo()
    assert (app.outside / "deep/old.log").exists()


PARTS = st.sampled_from(["a", "b", "audit", "way"])
TREES = st.lists(
    st.tuples(
        st.lists(PARTS, max_size=3),
        st.sampled_from(["one.log", "two.log", "audit.log", "three.txt", "four.log.gz"]),
        st.sampled_from(["file", "link in", "link out", "folder out", "fifo"]),
        st.integers(0, 60),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(tree=TREES, kept=st.booleans())
def test_nothing_else_is_ever_touched(tmp_path_factory, tree, kept):
    app = App(tmp_path_factory.mktemp("any"))
    for parts, name, kind, days in tree:
        place = app.root.joinpath("logs", *parts)
        if any(one.is_symlink() or (one.exists() and not one.is_dir()) for one in [place, *place.parents]):
            continue
        path = place / name
        if path.is_symlink() or path.exists():
            continue
        place.mkdir(parents=True, exist_ok=True)
        if kind == "file":
            app.file(path, days, "".join(parts) + name)
        elif kind == "link in":
            path.symlink_to(app.root / "logs")
        elif kind == "link out":
            path.symlink_to(app.outside / "precious.log")
        elif kind == "fifo":
            os.mkfifo(path)
        elif not (place / "way").exists():
            (place / "way").symlink_to(app.outside)
    before, clean_up, change = app.seen(), app.clean_up(), app.change()
    wanted = {
        name
        for name, seen in before.items()
        if seen[0] == "file"
        and name.startswith("app/logs/")
        and name.endswith(".log")
        and time.time() - seen[2] / 1e9 > 30 * DAY
        and not (name.startswith("app/logs/audit") and name.count("/") == 2)
    }
    plan = clean_up.set_aside(change)
    assert {f"app/{name}" for name in names(plan)} == wanted
    if kept:
        clean_up.finish()
    assert change.undo()
    assert app.seen() == ({name: seen for name, seen in before.items() if name not in wanted} if kept else before)
    shutil.rmtree(app.folder)


def test_a_clean_up_that_finds_nothing_at_all_says_nothing(app):
    assert not app.clean_up().plan().going
    with pytest.raises(Vacuous, match=r"^clean-up old-logs: nothing is there that could go: logs/\*\*/\*\.log, .*app"):
        app.clean_up().plan(some=True)
    app.file("logs/new.log", 1)
    assert not app.clean_up().plan(some=True).going


def test_an_unknown_clean_up_is_said(app):
    with pytest.raises(Unsupported, match=r"has no clean-up 'old-log'\. Did you mean 'old-logs'"):
        app.clean_up("old-log")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('{ sets = ["log"] }', "there is no set 'log'"),
        ('{ sets = ["audit"] }', "deletes audit at any age"),
        ('{ sets = ["logs"], spare = ["adit"] }', "there is no set 'adit'"),
    ],
)
def test_a_table_that_cannot_work_is_refused(tmp_path, table, said):
    with pytest.raises(ConfigError, match=said):
        App(tmp_path, FILE.replace('{ sets = ["logs"], spare = ["audit"] }', table))


def test_what_it_takes_to_make_anew_what_goes_is_added_up(app):
    app.file("logs/one.log", 40, '{"data": {"tokens_used": 40}}')
    app.file("logs/two.log", 40, '{"data": {"tokens_used": 2.5}}')
    app.file("logs/young.log", 1, '{"data": {"tokens_used": 1000}}')
    app.file("logs/torn.log", 40, '{"data": {"tok')
    app.file("logs/other.log", 40, '{"data": {"tokens_used": "many"}}')
    assert app.clean_up("cache").plan().worth == 42.5
    assert app.clean_up("old-logs").plan().worth is None
