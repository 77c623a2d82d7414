import stat
import threading

import pytest

from pytest_llmops.errors import LlmopsError
from pytest_llmops.report.documents import Documents
from pytest_llmops.target.secrets import Redactor

AT = 1796_000_000.0


@pytest.fixture
def written():
    return []


@pytest.fixture
def documents(tmp_path, written):
    return Documents(tmp_path / "reports", "sandbox:rag", Redactor(["s3cret-value"]), written.append, lambda: AT)


def test_a_document_is_dated_lies_with_its_target_and_holds_no_secret(documents, tmp_path, written):
    path = documents.write("incident-report.md", "# Incident\nkey s3cret-value, again czNjcmV0LXZhbHVl\n")
    assert path == tmp_path / "reports" / "documents" / "sandbox%3Arag" / "incident-report_20261130T005320Z.md"
    assert path.read_text() == "# Incident\nkey [redacted], again [redacted]\n"
    assert written == ["documents/sandbox%3Arag/incident-report_20261130T005320Z.md"]


def test_half_of_a_surrogate_pair_is_spelled_out(documents):
    assert documents.write("answers.md", "an answer \ud83d\n").read_text() == "an answer \\ud83d\n"


@pytest.mark.parametrize(
    ("target", "folder"),
    [
        ("staging-2.eu", "staging-2.eu"),
        ("sandbox:aegis-rag", "sandbox%3Aaegis-rag"),
        ("a/b", "a%2Fb"),
        ("..", "%2E."),
        ("große", "gro%C3%9Fe"),
    ],
)
def test_a_targets_folder_is_one_that_any_system_can_have(tmp_path, target, folder):
    path = Documents(tmp_path / "reports", target, Redactor()).write("note.md", "one")
    assert path.parent == tmp_path / "reports" / "documents" / folder


def test_documents_are_for_their_owner_alone(documents):
    path = documents.write("note.md", "one")
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent, path.parent.parent)] == [
        0o600,
        0o700,
        0o700,
    ]


def test_none_is_written_over_another_one(documents, written):
    paths = [documents.write("daily-summary.md", text) for text in ("one", "two", "three")]
    assert [path.name for path in paths] == [
        "daily-summary_20261130T005320Z.md",
        "daily-summary_20261130T005320Z_2.md",
        "daily-summary_20261130T005320Z_3.md",
    ]
    assert [path.read_text() for path in paths] == ["one", "two", "three"]
    assert len(written) == 3


def test_many_that_write_at_once_each_have_their_own(documents):
    threads = [threading.Thread(target=documents.write, args=("note.md", f"text {number}")) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.read_text() for path in documents.folder.iterdir()) == sorted(f"text {n}" for n in range(12))


def test_reports_that_were_deleted_in_between_are_made_again(documents, tmp_path):
    documents.write("note.md", "one").unlink()
    documents.folder.rmdir()
    (tmp_path / "reports" / "documents").rmdir()
    (tmp_path / "reports").rmdir()
    assert documents.read(documents.write("note.md", "two")) == "two"


def test_what_is_read_back_is_parsed_by_its_ending(documents):
    assert documents.read(documents.write("status.json", '{"a": 1}')) == {"a": 1}
    assert documents.read(documents.write("settings.toml", "a = 1")) == {"a": 1}
    assert documents.read(documents.write("notes.md", "- a\n")) == "- a\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "status.json",
            "{",
            "is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1).",
        ),
        ("status.json", " \n", "is empty."),
        ("notes.md", "", "is empty."),
    ],
)
def test_a_document_that_says_nothing_is_told(documents, name, text, said):
    path = documents.write(name, text)
    with pytest.raises(LlmopsError) as told:
        documents.read(path)
    assert str(told.value) == f"{path.name} {said}"


def test_a_document_that_is_gone_is_told(documents):
    path = documents.write("notes.md", "text")
    path.unlink()
    with pytest.raises(LlmopsError) as told:
        documents.read(path)
    assert str(told.value) == "notes_20261130T005320Z.md is not there."


@pytest.mark.parametrize("name", ["../notes.md", "a/b.md", "notes", ".md", "/etc/x.md", ""])
def test_a_name_that_leads_elsewhere_is_refused(documents, name):
    with pytest.raises(LlmopsError) as told:
        documents.write(name, "text")
    assert str(told.value) == f"{name!r} cannot name a document; write for example 'daily-summary.md'."
