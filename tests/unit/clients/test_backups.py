"""Backups proven: read to the last byte, restored nowhere but in a scratch folder, held against what they are of."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import tarfile
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_llmops.clients.backup_asking import told
from pytest_llmops.clients.backup_content import Damaged, content, unpack
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.target.backups import Backups as Table
from pytest_llmops.target.components import Components

DAY = 86400.0
HOUR = 3600.0
AT = 1_764_408_960.0


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
    """A client of these sets and backups."""

    def files(backups, environ=None, auth=None, **sets):
        return client("files", environ, root=".", sets=sets, backups=backups, auth=auth)

    return files


@pytest.fixture
def archived(tmp_path):
    """Writes a tar of texts, compressed as its name says, written so long ago."""

    def archived(name, texts, ago_s=0.0):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tar(texts, "gz"))
        os.utime(path, (time.time() - ago_s, time.time() - ago_s))
        return path

    return archived


def tar(texts, packed=""):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as opened:
        for name, text in texts.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            opened.addfile(member, io.BytesIO(text.encode()))
    pack = {"": bytes, "gz": lambda one: gzip.compress(one, mtime=0), "bz2": bz2.compress, "xz": lzma.compress}[packed]
    return pack(raw.getvalue())


def failure(act):
    with pytest.raises(CallFailed) as caught:
        act()
    return caught.value.kind, str(caught.value)


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


# What a backup holds


@pytest.mark.parametrize("packed", ["", "gz", "bz2", "xz"])
@given(
    texts=st.dictionaries(
        st.from_regex(r"\A[a-z]{1,8}(/[a-z]{1,8}){0,2}\.txt\Z"),
        st.text(st.characters(codec="ascii"), max_size=700),
        min_size=1,
        max_size=4,
    ),
    where=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
)
def test_a_flipped_bit_is_found_or_changes_nothing_that_is_restored(tmp_path_factory, packed, texts, where, bit):
    """Only a few bytes of a header, such as the time in it, are under no checksum: no file hangs on them.

    A plain tar has no checksum of what files hold: there their own sums differ.
    """
    path = tmp_path_factory.mktemp("flipped") / f"a.tar{'.' + packed if packed else ''}"
    whole = tar(texts, packed)
    path.write_bytes(whole)
    sums = content(path).sums
    assert sums == {name: sha(text) for name, text in texts.items()}
    at = int(where * len(whole))
    path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :])
    try:
        found = content(path).sums
    except Damaged:
        return
    if packed:
        assert found == sums
    else:  # a header has a checksum, its own name among what it is of
        assert at % 512 or found != sums or not whole[at]
        assert found.keys() <= {*sums}


@pytest.mark.parametrize("packed", ["", "gz", "bz2", "xz"])
@given(kept=st.floats(0, 1, exclude_max=True))
def test_what_ends_too_early_is_found(tmp_path_factory, packed, kept):
    path = tmp_path_factory.mktemp("cut") / f"a.tar{'.' + packed if packed else ''}"
    whole = tar({"a.txt": "a" * 600, "b/c.txt": "c"}, packed)
    useful = len(whole) if packed else 4 * 512 + 2 * 512 + 512  # two files and two blocks of zeros; the rest is padding
    path.write_bytes(whole[: int(kept * useful)])
    with pytest.raises(Damaged):
        content(path)


def test_a_damaged_header_is_not_taken_for_the_end(tmp_path):
    path = tmp_path / "a.tar"
    whole = bytearray(tar({"a.txt": "a", "b.txt": "b"}))
    whole[1024 + 3] ^= 1
    path.write_bytes(whole)
    with pytest.raises(Damaged, match=r"^behind its file 1 stands what is no file of it$"):
        content(path)


def test_all_kinds_are_read(tmp_path):
    (tmp_path / "d/deep").mkdir(parents=True)
    (tmp_path / "d/deep/a.txt").write_text("a")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.write(tmp_path / "d/deep/a.txt", "deep/a.txt")
    (tmp_path / "app.log.gz").write_bytes(gzip.compress(b"a"))
    (tmp_path / "plain.json").write_text("a")
    (tmp_path / "one.snapshot").write_bytes(tar({"deep/a.txt": "a"}))
    assert {name: list(content(tmp_path / name).sums) for name in ("d", "a.zip", "app.log.gz", "plain.json")} == {
        "d": ["deep/a.txt"],
        "a.zip": ["deep/a.txt"],
        "app.log.gz": ["app.log"],
        "plain.json": ["plain.json"],
    }
    found = content(tmp_path / "one.snapshot")
    assert (found.sums, found.bytes, len(found)) == ({"deep/a.txt": sha("a")}, 1, 1)
    for name in ("d", "a.zip", "one.snapshot"):
        unpack(tmp_path / name, tmp_path / f"of-{name}")
        assert (tmp_path / f"of-{name}" / "deep/a.txt").read_text() == "a"


def test_a_zip_with_a_flipped_byte_is_found(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("a.txt", "a" * 100)
    whole = bytearray(path.read_bytes())
    whole[80] ^= 1
    path.write_bytes(whole)
    with pytest.raises(Damaged, match=r"^Bad CRC-32 for file 'a.txt'$"):
        content(path)


@pytest.mark.parametrize(
    ("name", "begins"),
    [("a.tar.zst", b""), ("a.7z", b""), ("a.lz4", b""), ("a.rar", b""), ("a.snapshot", b"\x28\xb5\x2f\xfd")],
)
def test_what_cannot_be_read_is_not_said_to_be_whole(tmp_path, name, begins):
    path = tmp_path / name
    path.write_bytes(begins + b"no such thing")
    said = f"^files: what is in {name} is not read here, so nothing can be said of it: pack it with "
    for act in (lambda: content(path), lambda: unpack(path, tmp_path / "scratch")):
        with pytest.raises(Unsupported, match=said):
            act()


def test_a_recorded_checksum_holds_also_of_what_cannot_be_read(lay, files):
    path = lay("b/a.7z", "no such thing")
    lay("b/a.7z.sha256", f"{sha('no such thing')}  a.7z\n")
    table = {"paths": ["b/*"], "checksums": "{name}.sha256"}
    backups = files({"b": table}, a={"paths": ["a"]}).backups("b")
    assert backups.misrecorded() == []
    path.write_text("another")
    assert backups.misrecorded() == ["a.7z is not as was recorded: its SHA-256 is another than in a.7z.sha256"]


def evil(tmp_path, *members):
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as opened:
        for member, text in members:
            member.size = len(text)
            opened.addfile(member, io.BytesIO(text))
    return path


def link(name, to, kind=tarfile.SYMTYPE):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, to
    return member, b""


@pytest.mark.parametrize(
    "members",
    [
        [(tarfile.TarInfo("../outside.txt"), b"x")],
        [link("way", ".."), (tarfile.TarInfo("way/outside.txt"), b"x")],
        [link("way", "/etc/passwd")],
        [link("way", "../outside.txt", tarfile.LNKTYPE)],
    ],
    ids=["path", "through a link", "a link out", "a hard link out"],
)
def test_nothing_is_unpacked_outside_of_the_folder(tmp_path, members):
    with pytest.raises(Damaged):
        unpack(evil(tmp_path, *members), tmp_path / "in/scratch")
    assert not (tmp_path / "in/outside.txt").exists()
    assert not (tmp_path / "outside.txt").exists()


def test_nothing_of_a_zip_or_a_folder_is_unpacked_outside(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        opened.writestr("../outside.txt", "x")
    with pytest.raises(Damaged, match=r"^../outside.txt would be written outside of the folder$"):
        unpack(tmp_path / "a.zip", tmp_path / "in/scratch")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/way").symlink_to("/etc/passwd")
    with pytest.raises(Damaged, match=r"^way is a link that leads out of it$"):
        unpack(tmp_path / "d", tmp_path / "in/scratch")
    assert not (tmp_path / "in/outside.txt").exists()


# What was recorded, what it is of


SETS = {"config": {"paths": ["config/*"]}, "outputs": {"paths": ["outputs/**/*"]}}
NIGHTLY = {
    "paths": ["backups/full_*.tar.gz"],
    "holds": {"config": {}, "outputs": {"last": "7 d"}},
    "base": "full_*",
    "within": "24 h",
    "checksums": "{name}.sha256",
}


@pytest.fixture
def nightly(lay, files, archived):
    """Backups of two sets, one of which lies there: made an hour ago."""
    lay("config/app.json", "{}", 9 * DAY)
    lay("outputs/a/one.md", "one", 2 * DAY)
    lay("outputs/b/one.md", "another", 2 * DAY)
    lay("outputs/old.md", "old", 20 * DAY)
    held = {"full_1/config/app.json": "{}", "full_1/outputs/a/one.md": "one", "full_1/outputs/b/one.md": "another"}
    path = archived("backups/full_1.tar.gz", held, HOUR)
    lay("backups/full_1.tar.gz.sha256", f"{hashlib.sha256(path.read_bytes()).hexdigest()}  full_1.tar.gz\n")
    return files({"nightly": NIGHTLY}, **SETS).backups("nightly")


def test_a_backup_that_is_well(nightly, tmp_path):
    assert [one.name for one in nightly.all()] == ["backups/full_1.tar.gz"]
    assert nightly.untimely() == []
    assert nightly.age_s() == pytest.approx(HOUR, abs=5)
    assert (len(nightly.read()), nightly.misrecorded(), nightly.lacking()) == (3, [], [])
    restored = nightly.restored(tmp_path / "scratch")
    assert (restored.files, restored.same, restored.wrong) == (3, 3, ())
    assert (restored.folder, restored.of) == (tmp_path / "scratch/full_1", "backups/full_1.tar.gz")
    assert (restored.folder / "outputs/b/one.md").read_text() == "another"
    assert nightly.text("config/app.json") == "{}"


def test_a_flipped_byte(nightly, tmp_path):
    path = tmp_path / "backups/full_1.tar.gz"
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)
    kind, said = failure(nightly.read)
    assert kind == "damaged"
    assert said.startswith("files: backups/full_1.tar.gz is damaged, and restores nothing that can be relied on: ")


@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_with_a_recorded_checksum_every_flipped_bit_is_found(tmp_path_factory, where, bit):
    from pytest_llmops.clients.backup_places import BelowRoot
    from pytest_llmops.clients.backups import Backups

    root = tmp_path_factory.mktemp("recorded")
    whole = tar({"config/app.json": "{}", "b": "b" * 900}, "gz")
    (root / "full_1.tar.gz.sha256").write_text(f"{hashlib.sha256(whole).hexdigest()} *full_1.tar.gz\n")
    at = int(where * len(whole))
    (root / "full_1.tar.gz").write_bytes(whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :])
    table = Table.model_validate({"paths": ["full_*"], "checksums": "{name}.sha256"})
    place = BelowRoot("files", root, table, table.paths)
    backups = Backups(_Target(root), "files", "full", table, lambda _: [], root, place)
    try:
        found = backups.misrecorded()
    except CallFailed as error:
        found = [error.kind]
    said = "full_1.tar.gz is not as was recorded: its SHA-256 is another than in full_1.tar.gz.sha256"
    assert found in ([said], ["damaged"])


class _Target:
    """As much of a target as backups ask for that are not ours."""

    name = "staging"

    def __init__(self, root):
        self.state_folder = root / ".llmops"

    def redactor(self):
        return None


def test_a_file_that_is_not_as_its_source(nightly, lay, tmp_path):
    lay("config/app.json", '{"a": 1}', 9 * DAY)  # by its time it has not changed since
    assert nightly.restored(tmp_path / "scratch").wrong == (
        f"full_1.tar.gz: config/app.json is not as {tmp_path}/config/app.json, which has not changed since",
    )


def test_what_was_written_since_is_not_compared(nightly, lay, tmp_path):
    lay("config/app.json", '{"a": 1}')
    lay("outputs/new.md", "new")
    restored = nightly.restored(tmp_path / "scratch")
    assert (restored.same, restored.wrong, nightly.lacking(None, "outputs")) == (2, (), [])
    lay("outputs/a/one.md", "1")
    lay("outputs/b/one.md", "2")
    with pytest.raises(Vacuous) as caught:
        nightly.restored(tmp_path / "again")
    assert str(caught.value) == (
        "nightly: backups/full_1.tar.gz can be compared with nothing: all that it holds was written since, or is gone."
    )


def test_a_flattened_backup_lacks_files(nightly, archived):
    archived("backups/full_1.tar.gz", {"full_1/app.json": "{}", "full_1/one.md": "another"}, HOUR)
    assert nightly.lacking() == [
        "full_1.tar.gz: config/app.json is not in it",
        "full_1.tar.gz: outputs/a/one.md is not in it",
        "full_1.tar.gz: outputs/b/one.md is not in it",
    ]


def test_nothing_that_had_to_be_in_it_is_vacuous(nightly, lay, tmp_path):
    for name in ("outputs/a/one.md", "outputs/b/one.md"):
        lay(name, "new")
    with pytest.raises(Vacuous) as caught:
        nightly.lacking()
    assert str(caught.value) == (
        "nightly: backups/full_1.tar.gz: of outputs nothing was there when it was made that had to be in it."
    )
    assert nightly.lacking(None, "config") == []
    (tmp_path / "config/app.json").unlink()
    assert failure(lambda: nightly.lacking(None, "config"))[0] == "absent"


def test_what_is_lacking_is_said_beside_a_set_of_which_nothing_was_there(nightly, archived, lay):
    lay("config/app.json", "new")
    archived("backups/full_1.tar.gz", {"full_1/config/app.json": "{}", "full_1/outputs/a/one.md": "one"}, HOUR)
    assert nightly.lacking() == ["full_1.tar.gz: outputs/b/one.md is not in it"]


def fails(error):
    def ask():
        raise error

    return ask


def test_what_is_wrong_is_said_beside_what_cannot_be_told():
    unread, hollow = fails(Unsupported("b: no.")), fails(Vacuous("c: nothing."))
    damaged = fails(CallFailed("files", "damaged", "files: d is damaged: cut."))
    assert told(hollow, lambda: ["a is not in it"], unread, damaged) == ["a is not in it", "d is damaged: cut"]
    assert told(list, list) == []
    with pytest.raises(Vacuous, match=r"^c: nothing\. c: nothing\.$"):
        told(hollow, list, hollow)
    with pytest.raises(Unsupported, match=r"^b: no\. c: nothing\.$"):
        told(hollow, unread)


def test_backups_that_hold_nothing(nightly, archived, lay, tmp_path):
    archived("backups/full_1.tar.gz", {}, HOUR)
    assert failure(nightly.read) == ("empty", "files: backups/full_1.tar.gz has no file in it.")
    lay("backups/full_1.tar.gz", "", HOUR)
    assert failure(nightly.read) == ("empty", "files: backups/full_1.tar.gz is empty.")
    (tmp_path / "backups/full_1.tar.gz").unlink()
    assert failure(nightly.untimely) == (
        "absent",
        f"files: there is no backup nightly: backups/full_*.tar.gz below {tmp_path}.",
    )


def test_a_checksum_that_is_not_there(nightly, tmp_path):
    (tmp_path / "backups/full_1.tar.gz.sha256").write_text(f"{'0' * 64}  full_1.tar.gz\n")
    assert nightly.misrecorded() == [
        "full_1.tar.gz is not as was recorded: its SHA-256 is another than in full_1.tar.gz.sha256"
    ]
    (tmp_path / "backups/full_1.tar.gz.sha256").unlink()
    assert failure(nightly.misrecorded) == (
        "absent",
        "files: backups/full_1.tar.gz has no checksum: there is nothing in full_1.tar.gz.sha256 beside it.",
    )


def test_backups_without_a_word_of_checksums(files, archived, lay):
    lay("config/app.json", "{}", DAY)
    archived("full.tar", {"config/app.json": "{}"})
    with pytest.raises(Unsupported) as caught:
        files({"full": {"paths": ["full.tar"]}}, config={"paths": ["config/*"]}).backups("full").misrecorded()
    assert str(caught.value) == "files: backups full do not say where their checksums stand."


def test_of_several_checksums_the_one_with_its_name_counts(nightly, lay, tmp_path):
    own = hashlib.sha256((tmp_path / "backups/full_1.tar.gz").read_bytes()).hexdigest()
    lay("backups/full_1.tar.gz.sha256", f"{'0' * 64}  full_0.tar.gz\n\n{own.upper()} *./full_1.tar.gz\n")
    assert nightly.misrecorded() == []
    lay("backups/full_1.tar.gz.sha256", f"{own}  full_0.tar.gz\n{'0' * 64}  full_1.tar.gz\n")
    assert len(nightly.misrecorded()) == 1
    lay("backups/full_1.tar.gz.sha256", f"{own}\n")
    assert nightly.misrecorded() == []
    lay("backups/full_1.tar.gz.sha256", f"{own}  full_0.tar.gz\n{own}  full_2.tar.gz\n")
    assert failure(nightly.misrecorded) == (
        "absent",
        "files: backups/full_1.tar.gz has no checksum: no line of full_1.tar.gz.sha256 names it.",
    )
    lay("backups/full_1.tar.gz.sha256", "SHA256 (full_1.tar.gz) = 0\n")
    assert failure(nightly.misrecorded)[0] == "bad-answer"


# Folders


@pytest.fixture
def folders(lay, files):
    lay("config/app.json", "{}", 9 * DAY)
    lay("copies/20251129/config/app.json", "{}")
    lay("copies/20251129/SHA256SUMS", f"{sha('{}')}  ./config/app.json\n")
    table = {"paths": ["copies/*"], "folders": True, "checksums": "SHA256SUMS", "holds": {"config": {}}}
    return files({"copies": table}, config={"paths": ["config/*"]}).backups("copies")


def test_a_folder_of_copies(folders, lay, tmp_path):
    assert ([one.name for one in folders.all()], folders.misrecorded(), folders.lacking()) == (
        ["copies/20251129"],
        [],
        [],
    )
    restored = folders.restored(tmp_path / "scratch")
    assert (restored.files, restored.same, restored.wrong) == (1, 1, ())
    lay("copies/20251129/config/more.json", "{}")
    lay("copies/20251129/config/app.json", "[]")
    assert folders.misrecorded() == [
        "20251129: config/app.json is not as was recorded",
        "20251129: config/more.json is in it, and nothing says that it should be",
    ]
    (tmp_path / "copies/20251129/SHA256SUMS").unlink()
    assert failure(folders.misrecorded) == (
        "absent",
        "files: 20251129 has no checksums: there is no SHA256SUMS in it.",
    )


def test_a_copy_elsewhere(files, archived, lay, tmp_path):
    for place in ("here", "there"):
        archived(f"{place}/full_1.tar.gz", {"a": "a"}, HOUR)
    tables = {"here": {"paths": ["here/*"]}, "there": {"paths": ["there/*"], "copy_of": "here"}}
    found = files(tables, a={"paths": ["a"]})
    here, there = found.backups("here"), found.backups("there")
    assert there.unlike(here) == []
    whole = bytearray((tmp_path / "there/full_1.tar.gz").read_bytes())
    whole[4] ^= 1  # the time in its header: gzip itself does not see it
    (tmp_path / "there/full_1.tar.gz").write_bytes(whole)
    assert there.unlike(here) == ["there/full_1.tar.gz has another checksum than here/full_1.tar.gz"]
    archived("there/full_1.tar.gz", {"a": "a", "b": "b" * 99}, HOUR)
    sizes = [(tmp_path / place / "full_1.tar.gz").stat().st_size for place in ("there", "here")]
    assert there.unlike(here) == [f"there/full_1.tar.gz has {sizes[0]} bytes, and here/full_1.tar.gz {sizes[1]}"]
    archived("here/full_2.tar.gz", {"a": "a"})
    assert there.unlike(here) == ["there/full_1.tar.gz is the newest, and no copy of here/full_2.tar.gz"]


def test_a_list_of_what_it_is_of(folders):
    assert folders.unlisted([f"{sha('{}')}  ./config/app.json", f"{sha('')} *SHA256SUMS"]) == [
        "20251129: SHA256SUMS is not as it is listed"
    ]
    assert failure(lambda: folders.unlisted([])) == (
        "empty",
        "files: copies/20251129 is of no file: nothing is listed that it should hold.",
    )


def test_a_line_that_is_no_checksum_is_named(folders, lay):
    lay("copies/20251129/SHA256SUMS", f"{sha('{}')}  ./config/app.json\n{sha('')}\n")
    assert failure(folders.misrecorded) == (
        "bad-answer",
        f"files: line 2 of 20251129/SHA256SUMS is no SHA-256 and a name, as sha256sum prints them: '{sha('')}'.",
    )
    assert failure(lambda: folders.unlisted(["nothing"])) == (
        "bad-answer",
        "files: line 1 of the list of copies is no SHA-256 and a name, as sha256sum prints them: 'nothing'.",
    )


# When they were made


def of_days(files, lay, *days, **table):
    for ago in days:
        lay(f"b/{ago:03d}.tar", "x", ago * DAY)
    return files({"b": {"paths": ["b/*.tar"], **table}}, a={"paths": ["a"]}).backups("b")


def test_too_old_too_young_and_gaps(files, lay):
    backups = of_days(files, lay, 2, 3, 9, within="24 h", every="30 h", keep="20 d", drop="8 d")
    assert backups.untimely() == [
        "b: the newest, b/002.tar, is 2 days old; it may be 24 h",
        "b: the oldest, b/009.tar, is 9 days old; there have to be some of the last 20 days",
        "b: from b/009.tar to b/003.tar it is 6 days; it may be 30 h",
        "b: 1 are older than 8 days, the oldest is b/009.tar; delete them once a newer one is whole",
    ]


def test_a_service_that_is_young_need_not_reach_back(files, lay):
    lay("requirements.txt", "", 3 * DAY)
    backups = of_days(files, lay, 0, 1, 2, within="24 h", every="25 h", keep="90 d", since="requirements.txt")
    assert backups.untimely() == []


def test_one_of_a_time_to_come_is_told_and_is_not_the_newest(files, lay):
    backups = of_days(files, lay, -3, 2, within="24 h")
    assert backups.untimely() == [
        "b: b/-03.tar is of a time to come, 3 days from now; mend its name or the clock that it was made by",
        "b: the newest, b/002.tar, is 2 days old; it may be 24 h",
    ]
    assert (backups.newest().name, backups.age_s()) == ("b/002.tar", pytest.approx(2 * DAY, abs=5))


def test_clocks_may_be_a_little_apart(files, lay):
    lay("b/now.tar", "x", -60)
    backups = files({"b": {"paths": ["b/*.tar"], "within": "24 h"}}, a={"paths": ["a"]}).backups("b")
    assert (backups.untimely(), backups.age_s()) == ([], 0)


def test_all_of_a_time_to_come(files, lay):
    said = "files: every backup b is of a time to come, so is b/-03.tar."
    assert failure(of_days(files, lay, -3).untimely) == ("untrue", said)


def test_one_of_ours_of_a_time_to_come_supersedes_none(config):
    made = [config.make(at) for at in (AT, AT + 1, float(int(time.time() + DAY)))]
    assert (config.newest(), config.superseded()) == (made[1], [])


def test_a_gap_before_what_is_kept_does_not_count(files, lay):
    assert of_days(files, lay, 0, 1, 2, 30, every="25 h", keep="2 d", within="1 d").untimely() == []


@pytest.mark.parametrize(
    ("dated", "name", "ago_s", "at"),
    [
        ("full_%Y%m%d_%H%M%S.tar", "full_20251129_093600.tar", 0, AT),
        ("full_%Y%m%d.tar", "full_20251129.tar", None, AT - AT % DAY + DAY - 1),  # written later: the end of that day
        ("", "full_20251129.tar", HOUR, None),
    ],
)
def test_when_a_backup_was_made(files, lay, dated, name, ago_s, at):
    lay(f"b/{name}", "x", ago_s or 0)
    table = {"paths": ["b/*"], "dated": dated, "timezone": "UTC"}
    one = files({"b": table}, a={"paths": ["a"]}).backups("b").newest()
    assert one.at == (pytest.approx(time.time() - HOUR, abs=5) if at is None else at)


def test_a_name_that_tells_no_time(files, lay):
    lay("b/full_latest.tar", "x")
    backups = files({"b": {"paths": ["b/*"], "dated": "full_%Y%m%d.tar"}}, a={"paths": ["a"]}).backups("b")
    assert failure(backups.all) == (
        "bad-answer",
        "files: b/full_latest.tar does not tell when it was made as 'full_%Y%m%d.tar' does; move it, or mend dated.",
    )


# Ours


@pytest.fixture
def config(lay, files):
    """Backups, in the state folder, of a configuration that holds secrets."""
    lay("config/app.json", '{"model": "small"}', mode=0o640)
    lay("config/rules.yaml", "a: 1")
    lay("config/.env.production", "KEY=hunter22")
    lay("config/copied.txt", "it is hunter22")
    table = {"holds": {"config": {}}, "keep_newest": 2}
    sets = {"paths": ["config/*", "config/.env*"]}
    return files({"configuration": table}, {"KEY": "hunter22"}, {"bearer": "KEY"}, config=sets).backups()


def test_a_backup_holds_the_configuration_and_no_secret(config, tmp_path):
    made = config.make(AT)
    path = tmp_path / ".llmops/backups/staging/configuration_20251129T093600Z.tar.gz"
    assert (made.name, made.at, made.bytes) == (path.name, AT, path.stat().st_size)
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as opened:
        assert opened.getnames() == ["config/app.json", "config/rules.yaml", "manifest.json"]
        manifest = json.load(opened.extractfile("manifest.json"))
    assert manifest == {
        "target": "staging",
        "made": "2025-11-29T09:36:00+00:00",
        "files": {"config/app.json": sha('{"model": "small"}'), "config/rules.yaml": sha("a: 1")},
        "texts": {},
        "left_out": ["config/.env.production", "config/copied.txt"],
    }
    assert config.manifest() == manifest
    assert config.misrecorded() == []
    assert b"hunter22" not in path.read_bytes()


def test_a_backup_with_secrets_and_texts(lay, files, tmp_path):
    lay(".env", "KEY=hunter22", mode=0o600)
    table = {"holds": {"env": {}}, "with_secrets": True}
    found = files({"update": table}, {"KEY": "hunter22"}, {"bearer": "KEY"}, env={"paths": [".env"]}).backups("update")
    made = found.make(AT, {"metrics.json": "{}"})
    restored = found.restored(tmp_path / "scratch", made)
    assert (restored.files, restored.same, restored.wrong) == (2, 2, ())
    assert (tmp_path / "scratch/.env").stat().st_mode & 0o777 == 0o600
    assert found.text("metrics.json", made) == "{}"
    assert failure(lambda: found.text("none.json", made)) == (
        "absent",
        "files: update_20251129T093600Z.tar.gz has no file none.json.",
    )


def test_a_change_since_the_backup_is_found(config, tmp_path):
    config.make(time.time())
    assert config.changed() == []
    (tmp_path / "config/app.json").write_text('{"model": "large"}')
    (tmp_path / "config/rules.yaml").unlink()
    (tmp_path / "config/new.json").write_text("{}")
    assert config.changed() == ["config/app.json", "config/new.json", "config/rules.yaml"]


def test_a_damaged_backup_is_found(config, tmp_path):
    path = config.making.folder / config.make(AT).name
    path.write_bytes(path.read_bytes()[:100])
    kind, said = failure(config.misrecorded)
    assert kind == "damaged"
    assert said.startswith("files: configuration_20251129T093600Z.tar.gz is damaged, and restores nothing")


def test_no_backup(config, tmp_path):
    assert failure(config.changed) == (
        "absent",
        f"files: there is no backup configuration: configuration_*Z.tar.gz below {tmp_path}/.llmops/backups/staging.",
    )


def test_a_backup_of_no_file(lay, files):
    lay("config/.env", "KEY=1")
    found = files({"configuration": {"holds": {"config": {}}}}, config={"paths": ["config/.env"]}).backups()
    assert failure(found.make) == ("empty", "files: backup configuration would hold no file.")


def test_backups_beyond_the_number_that_is_kept_are_superseded(config):
    made = [config.make(AT + i) for i in range(3)]
    assert config.all() == made
    assert [path.name for path in config.superseded()] == [made[0].name]


def test_a_backup_is_restored_into_a_scratch_folder(config, tmp_path):
    made = config.make(AT)
    scratch = tmp_path / "scratch"
    restored = config.restored(scratch)
    assert (restored.of, restored.files, restored.same, restored.wrong) == (made.name, 2, 2, ())
    assert (scratch / "config/app.json").read_text() == '{"model": "small"}'
    assert (scratch / "config/app.json").stat().st_mode & 0o777 == 0o640


def test_a_backup_that_does_not_hold_what_it_says_is_told(config, tmp_path):
    made = config.make(AT)
    manifest = config.manifest()
    manifest["files"] |= {"config/app.json": "0" * 64, "config/lost.json": "0" * 64}
    del manifest["files"]["config/rules.yaml"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(config.making.folder / made.name, "w:gz") as opened:
        for name in ("manifest.json", "config/app.json", "config/rules.yaml"):
            opened.add(tmp_path / name, name)
    assert config.restored(tmp_path / "scratch").wrong == (
        f"{made.name}: config/lost.json is not in it",
        f"{made.name}: config/app.json is not as its manifest says",
        f"{made.name}: config/rules.yaml is in it, and nothing says that it should be",
    )


def test_a_file_that_is_written_to_meanwhile_is_in_it_as_it_was_read(config, lay, tmp_path, monkeypatch):
    log = lay("config/app.log", "one\n")
    stat = os.fstat

    def and_a_line(number):
        state = stat(number)
        with log.open("a") as opened:
            opened.write("two\n")
        return state

    monkeypatch.setattr("pytest_llmops.clients.archives.os.fstat", and_a_line)
    made = config.make(AT)
    monkeypatch.undo()
    assert config.misrecorded(made) == []
    assert config.restored(tmp_path / "scratch", made).wrong == ()


# Tables


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            {"holds": {"conf": {}}},
            "backups.b.holds: there is no set 'conf'; the sets are: config",
        ),
        ({"paths": ["b/*"], "copy_of": "c"}, "backups.b.copy_of is 'c'; the others are: none"),
        ({}, "without paths or a bucket they are ours, and hold nothing: name the sets in holds"),
        (
            {"holds": {"config": {}}, "folders": True},
            "dated, checksums, copy_of, folders and base are of backups that lie in paths or a bucket",
        ),
        (
            {"paths": ["b/*"], "bucket": {"service": "s3", "name": "b"}},
            "backups lie in paths or in a bucket; make two tables of it, and say copy_of in one",
        ),
        ({"paths": ["b/*"], "every": "1 d"}, "every goes back to keep; say how long they are kept"),
        (
            {"paths": ["b/*"], "checksums": "SUMS"},
            "checksums of an archive names the archive: '{name}.sha256'",
        ),
        (
            {"paths": ["b/*"], "folders": True, "checksums": "{name}.sha256"},
            "checksums of a folder is a file in it, such as 'SHA256SUMS'",
        ),
    ],
)
def test_tables_that_cannot_be(table, said):
    with pytest.raises(ValidationError) as caught:
        Components.model_validate({"files": {"sets": {"config": {"paths": ["a"]}}, "backups": {"b": table}}})
    assert said in str(caught.value)


def test_a_target_without_that_table(files):
    with pytest.raises(Unsupported) as caught:
        files({}, data={"paths": ["a"]}).backups("full")
    assert str(caught.value) == "files: target staging has no backup 'full'. It has: none."
