from pathlib import Path

import pytest

from pytest_llmops.cli.new_file import may_write, write
from pytest_llmops.errors import ConfigError

TAKEN = r"^\S*mine\.toml exists; it was not changed\. Give --write another name, or move it away\.$"


def test_a_file_is_written_whole(tmp_path):
    may_write(tmp_path / "mine.toml", "--write")
    write(tmp_path / "mine.toml", "a = 'ü'\n", "--write")
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == "a = 'ü'\n"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_came_in_the_meantime_is_kept(tmp_path):
    (tmp_path / "mine.toml").write_text("theirs")
    with pytest.raises(ConfigError, match=TAKEN):
        write(tmp_path / "mine.toml", "ours", "--write")
    assert (tmp_path / "mine.toml").read_text() == "theirs"


def test_a_link_that_points_nowhere_is_somebodys(tmp_path):
    (tmp_path / "mine.toml").symlink_to("gone")
    with pytest.raises(ConfigError, match=TAKEN):
        may_write(tmp_path / "mine.toml", "--write")
    with pytest.raises(ConfigError, match=TAKEN):
        write(tmp_path / "mine.toml", "ours", "--write")


def test_the_longest_name_that_a_folder_takes_is_written(tmp_path):
    path = tmp_path / ("x" * 250 + ".toml")
    write(path, "ours", "--write")
    assert path.read_text() == "ours"


def test_what_cannot_be_written_is_printed(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        write(Path("gone/mine.toml"), "ours = 1\n", "--write")
    assert str(caught.value) == (
        "gone/mine.toml cannot be written: No such file or directory. What belongs into it is printed above."
    )
    assert capsys.readouterr().out == "ours = 1\n"


def test_a_disk_that_is_full_leaves_no_part_of_a_file(tmp_path, capsys):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = tmp_path / "mine.toml"
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, before[1]))
    try:
        with pytest.raises(ConfigError, match="File too large"):
            write(path, "ours = 1\n", "--write")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not path.exists()
    assert capsys.readouterr().out == "ours = 1\n"
