"""What was told is kept for its owner, in one step; what cannot be read is left as it is."""

import stat
from dataclasses import replace

import pytest

from pytest_llmops.errors import NewsError
from pytest_llmops.state.news import News, Red, Told

BROKEN = (
    '{"schema": 1, "salt": "00", "places": {"sms": {"a": {"severity": "normal", "kind": "", "said": "", '
    '"since": "x", "severe_since": 1, "seen": 1}}}}'
)
RED = Red("normal", "failed", "why", 1.0, 2.0, 3.0)


@pytest.fixture
def news(tmp_path):
    news = News(tmp_path / ".llmops", "sandbox:rag")
    with news.alone(1.0):
        yield news


def test_what_is_written_is_read(news):
    told = Told()
    assert news.read().places == {}
    told.places[told.name("sms", "json://s3cret-url")] = {"a": RED, "b": replace(RED, since=5)}
    news.write(told)
    assert news.read() == told
    assert stat.S_IMODE(news.file.stat().st_mode) == 0o600
    assert news.file.name == "sandbox%3Arag.json"
    assert "s3cret" not in news.file.read_text()
    assert [one.name for one in news.file.parent.iterdir() if "part" in one.name] == []


def test_a_place_is_known_by_its_url_and_by_another_name_in_each_file(news):
    told = Told()
    assert told.name("sms", "json://a") == told.name("sms", "json://a")
    assert len({told.name("sms", "json://a"), told.name("sms", "json://b"), Told().name("sms", "json://a")}) == 3


def test_what_no_run_makes_any_more_is_forgotten():
    told = Told(places={"sms a": {"old": replace(RED, seen=5.0), "new": RED}, "sms b": {"old": RED}, "sms c": {}})
    told.forget(3.0)
    assert told.places == {"sms a": {"old": replace(RED, seen=5.0), "new": RED}, "sms b": {"old": RED}}
    told.forget(4.0)
    assert told.places == {"sms a": {"old": replace(RED, seen=5.0)}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"schema": 1',
        "[]",
        '{"schema": 1, "salt": "", "places": {}}',
        '{"schema": 1, "salt": "xy", "places": {}}',
        '{"schema": 1, "salt": "00", "places": []}',
        '{"schema": 1, "salt": "00", "places": {"sms": {"a": {"severity": "normal"}}}}',
        BROKEN,
    ],
)
def test_a_damaged_file_is_never_overwritten(news, text):
    news.file.write_text(text)
    with pytest.raises(NewsError) as told:
        news.read()
    assert str(told.value).startswith(f"{news.file} is damaged (")
    assert str(told.value).endswith(
        "): nothing was told, and it was left as it is. Look at it; once it is deleted, the next run tells of "
        "everything that is red."
    )
    assert news.file.read_text() == text


def test_a_newer_file_is_left_alone(news):
    news.file.write_text('{"schema": 2}')
    with pytest.raises(NewsError) as told:
        news.read()
    assert str(told.value) == (
        f"{news.file} was written by a newer version (schema 2, this one reads 1): nothing was told. "
        "Install that version."
    )


def test_one_run_at_a_time(news, tmp_path):
    with pytest.raises(NewsError) as told, News(tmp_path / ".llmops", "sandbox:rag").alone(0.0):
        pass
    assert str(told.value) == "another run is telling; waited 0 s. The next run tells it."


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(NewsError) as told, News(tmp_path / "state", "here").alone(0.0):
        pass
    assert str(told.value).startswith(f"{tmp_path}/state/news cannot be written (")
