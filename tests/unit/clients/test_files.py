"""Files and folders that the application keeps: looked at, never outside of their root."""

import hashlib
import os
import sys
import time
from pwd import getpwall, getpwuid

import pytest

from pytest_llmops.clients.preflight import preflight
from pytest_llmops.clients.writers import Writer
from pytest_llmops.errors import CallFailed, ConfigError, NotInstalled, Unsupported
from pytest_llmops.target.file_sets import FileSet

DAY = 86400.0


@pytest.fixture
def lay(tmp_path):
    """Writes a file that was written so long ago."""

    def lay(name, text="", ago_s=0.0, mode=0o644):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        os.utime(path, (time.time() - ago_s, time.time() - ago_s))
        return path

    return lay


@pytest.fixture
def files(client):
    """A client of these sets."""

    def files(root=".", **sets):
        return client("files", root=root, sets=sets)

    return files


def failure(act):
    with pytest.raises(CallFailed) as caught:
        act()
    return caught.value.kind, str(caught.value)


def test_what_is_there(lay, files, ledger):
    lay("data/a.bin", "x" * 1000, 3 * DAY)
    lay("data/deep/b.bin", "x" * 5000, DAY)
    lay("data/deep/b.tmp", "x")
    found = files(data={"paths": ["data/**/*"], "leave_out": ["*.tmp"]}).found("data")
    assert [fact.name for fact in found.facts] == ["data/a.bin", "data/deep/b.bin"]
    assert (len(found), found.total_megabytes) == (2, 0.006)
    assert (found.largest.name, found.newest.name, found.oldest.name) == (
        "data/deep/b.bin",
        "data/deep/b.bin",
        "data/a.bin",
    )
    assert [name for name, _ in found.largest_entries(1)] == ["data/deep"]
    assert [name for name, _ in found.largest_entries(9)] == ["data/deep", "data/a.bin"]
    assert [fact.name for fact in found.older_than(2 * DAY)] == ["data/a.bin"]
    assert found.checksums()["data/a.bin"] == hashlib.sha256(b"x" * 1000).hexdigest()
    assert found.wrong == []
    assert ledger.answered("files") == 1


def test_ages(lay, files):
    lay("a", ago_s=3 * DAY)
    lay("b", ago_s=60)
    made = files(both={"paths": ["a", "b"]})
    assert made.newest_age_s("both") == pytest.approx(60, abs=30)
    assert made.found("both").oldest.age_s == pytest.approx(3 * DAY, abs=60)


def test_what_is_not_as_asked(lay, files):
    lay("conf/good.json", "{}", mode=0o640)
    lay("conf/bad.json", '{"a": }', 40 * DAY, mode=0o666)
    table = {
        "paths": ["conf/*.json", "conf/gone.json", "lost/*.json"],
        "parse": "json",
        "mode": "640",
        "drop": "30 d",
        "keep": "50 d",
        "writable": True,
    }
    found = files(conf=table).found("conf")
    assert found.missing == ["conf/gone.json", "lost/*.json"]
    assert [fact.name for fact in found.too_open] == ["conf/bad.json"]
    assert [fact.name for fact in found.expired] == ["conf/bad.json"]
    assert found.unwritable == []
    assert found.wrong == [
        "conf/gone.json is not there",
        "lost/*.json is not there",
        "conf/bad.json has mode 666, at most 640 is right",
        "conf/bad.json cannot be read as json: Expecting value: line 1 column 7 (char 6)",
        "conf/bad.json is 40 days old, and must go after 30 days",
        "the oldest is 40 days old, 50 days must be kept",
    ]


def test_what_cannot_be_written(lay, files, tmp_path):
    """Root may write everything: what counts is whether the owner of the installation may."""
    lay("a", mode=0o444)
    (folder := tmp_path / "b").mkdir(mode=0o555)
    who = "us" if os.geteuid() else f"{getpwuid(tmp_path.stat().st_uid).pw_name}, who owns {tmp_path}"
    assert files(a={"paths": ["a"], "writable": True}).found("a").wrong == [f"a cannot be written by {who}"]
    folders = files(b={"paths": ["b"], "folders": True, "writable": True})
    assert folders.found("b").wrong == [f"b cannot be written by {who}"]
    folder.chmod(0o755)
    assert folders.found("b").wrong == []


def test_what_the_services_user_cannot_write(lay, client, tmp_path):
    lay("a")
    made = client("files", user="root", sets={"a": {"paths": ["a"], "writable": True}})
    assert made.found("a").wrong == (["a cannot be written by root"] if os.geteuid() else [])
    with pytest.raises(ConfigError) as caught:
        client("files", user="nobody-of-that-name", sets={"a": {"paths": ["a"], "writable": True}}).found("a")
    assert str(caught.value) == "files: user = 'nobody-of-that-name': there is no such user on this machine."


def test_what_allows_too_little_and_what_belongs_to_somebody_else(lay, files, client):
    lay("bin/run", mode=0o644)
    lay("bin/stop", mode=0o755)
    found = files(bin={"paths": ["bin/*"], "needs": "755"}).found("bin")
    assert [fact.name for fact in found.too_closed] == ["bin/run"]
    assert found.wrong == ["bin/run has mode 644, at least 755 is needed"]
    assert files(bin={"paths": ["bin/*"]}).found("bin").wrong == []
    me = os.geteuid()
    ours = client("files", user=getpwuid(me).pw_name, sets={"bin": {"paths": ["bin/*"], "owned": True}})
    assert ours.found("bin").foreign == []
    other = next(one for one in getpwall() if one.pw_uid != me)
    theirs = client("files", user=other.pw_name, sets={"bin": {"paths": ["bin/run"], "owned": True}})
    assert theirs.found("bin").wrong == [f"bin/run belongs to user {me}, and not to {other.pw_name}"]
    unasked = client("files", user=other.pw_name, sets={"bin": {"paths": ["bin/run"]}})
    assert unasked.found("bin").wrong == []


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "can"),
    [(0o200, 0, 0, True), (0o577, 0, 0, False), (0o020, 1, 0, True), (0o757, 1, 0, False), (0o002, 1, 1, True),
     (0o775, 1, 1, False)],
)  # fmt: skip
def test_permissions_count_by_who_it_is(lay, mode, uid, gid, can):
    path = lay("a", mode=mode)
    owner = path.stat()
    one = Writer("app", owner.st_uid + uid, frozenset({owner.st_gid + gid}))
    assert one.can_write(path) is can


@pytest.mark.parametrize(
    ("parse", "good", "bad", "why"),
    [
        ("toml", "a = 1", "a = ", "Invalid value (at end of document)"),
        ("yaml", "a: 1", "a: [", "while parsing a flow node"),
    ],
)
def test_other_formats(lay, files, parse, good, bad, why):
    lay("good", good)
    lay("bad", bad)
    found = files(conf={"paths": ["good", "bad"], "parse": parse}).found("conf")
    assert found.read(found.facts[1]) == {"a": 1}
    ((name, said),) = found.unreadable.items()
    assert name == "bad"
    assert said.startswith(why)


def test_folders(lay, files):
    lay("logs/app.log")
    found = files(layout={"paths": ["logs", "cache"], "folders": True}).found("layout")
    assert [fact.name for fact in found.facts] == ["logs"]
    assert found.wrong == ["cache is not there"]


def test_nothing_is_there(files, tmp_path):
    made = files(data={"paths": ["data/*", "more/*"]})
    said = f"files: nothing of data is there: data/*, more/* below {tmp_path}."
    assert failure(lambda: made.found("data")) == ("absent", said)
    assert len(made.found("data", some=False)) == 0


def test_a_set_that_the_target_does_not_have(files):
    with pytest.raises(Unsupported) as caught:
        files(data={"paths": ["data/*"]}).found("date")
    assert str(caught.value) == "files: target staging has no set 'date'. Did you mean 'data'? It has: data."


def test_a_bucket_takes_a_package(client, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    store = {"services": {"s3": {"url": "http://127.0.0.1:1"}}}
    made = client("files", beside=store, root=".", backups={"full": {"bucket": {"service": "s3", "name": "b"}}})
    with pytest.raises(NotInstalled) as caught:
        made.backups("full")
    assert str(caught.value) == "files: backups in a bucket need boto3: pip install 'pytest-llmops[s3]'."


@pytest.mark.parametrize("path", ["/etc/passwd", "../secrets", "a/../../b", "~/x", ""])
def test_paths_outside_are_refused(path):
    with pytest.raises(ValueError, match="leaves its root; name it relative to root"):
        FileSet(paths=[path])


def test_links_that_lead_out_are_refused(files, tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("elsewhere")
    (outside / "key.json").write_text("{}")
    (tmp_path / "conf").symlink_to(outside)
    said = "is a link that leads out of {}; name its own folder as root, or leave it out."
    expected = f"files: {tmp_path}/conf/key.json {said.format(tmp_path)}"
    assert failure(lambda: files(conf={"paths": ["conf/*.json"]}).found("conf")) == ("refused", expected)


def test_preflight(files, tmp_path):
    assert preflight(files(), 1.0).ok
    found = preflight(files(root="gone"), 1.0)
    assert (found.ok, found.failure) == (False, f"there is no folder {tmp_path}/gone")


def test_how_far_one_set_is_behind_another(lay, files):
    lay("index.pkl", "i", 3 * DAY)
    lay("documents/a.md", "a", DAY)
    lay("documents/b.md", "b", 9 * DAY)
    sets = files(index={"paths": ["index.pkl"]}, documents={"paths": ["documents/*.md"]}, gone={"paths": ["gone"]})
    assert sets.behind("index", "documents") == pytest.approx(DAY, abs=1)
    assert sets.behind("documents", "index") == 0
    lay("documents/c.md", "c", 3 * DAY - 60)
    assert sets.behind("index", "documents") == pytest.approx(3 * DAY - 60, abs=1)
    lay("index.pkl", "i", 60)
    lay("documents/d.md", "d", 0)
    assert sets.behind("index", "documents") == pytest.approx(0, abs=1)
    assert failure(lambda: sets.behind("gone", "documents"))[0] == "absent"
