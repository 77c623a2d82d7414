"""Packages: conflicts, newer versions, known vulnerabilities, as pip and pip-audit say it."""

import json
import os
import sys
from pathlib import Path

import pytest

from pytest_llmops.clients.dependencies import Audited, Dependencies, Outdated, Since, Vulnerable
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous

NEEDS = "a 1.0 has requirement b<2, but you have b 2.1."
LACKS = "a 1.0 requires c, which is not installed."


def failure(act):
    with pytest.raises(CallFailed) as caught:
        act()
    return str(caught.value)


@pytest.mark.parametrize(
    ("said", "status", "found"),
    [
        ("No broken requirements found.\n", 0, []),
        (f"{NEEDS}\n{LACKS}\n", 1, [NEEDS, LACKS]),
    ],
)
def test_conflicts(app, said, status, found):
    assert Dependencies(app(pip_check=(said, status))).conflicts() == found


@pytest.mark.parametrize(
    ("said", "status", "shown"), [("", 0, "(nothing)"), ("Traceback", 1, "Traceback"), (NEEDS, 0, NEEDS)]
)
def test_no_check(app, said, status, shown):
    assert failure(Dependencies(app(pip_check=(said, status))).conflicts) == (
        f"app_command: pip_check: ended with {status} and neither conflicts nor "
        f"'No broken requirements found.': {shown}."
    )


def test_outdated(app):
    rows = [{"name": "a", "version": "1.0", "latest_version": "2.0", "latest_filetype": "wheel"}]
    dependencies = Dependencies(app(pip_outdated=f"[notice] a newer pip\n{json.dumps(rows)}\n"))
    found = dependencies.outdated()
    assert found == [Outdated("a", "1.0", "2.0")]
    assert str(found[0]) == "a 1.0 -> 2.0"
    assert json.loads(dependencies.as_json(found)) == [{"name": "a", "version": "1.0", "latest": "2.0"}]
    assert Dependencies(app(pip_outdated="[]")).outdated() == []
    assert failure(Dependencies(app(pip_outdated='[{"name": "a"}]')).outdated) == (
        "app_command: pip_outdated: is no list of pip's: KeyError('version')."
    )


TRY = "WARNING: Retrying (Retry(total={left}, connect=None)) after connection broken by 'Errno 111': /simple/{name}/\n"


def test_what_the_index_did_not_answer_is_not_up_to_date(app):
    said = "".join(TRY.format(left=left, name=name) for name in "abcdef" for left in (1, 0))
    assert failure(Dependencies(app(pip_outdated=("[]", 0, said))).outdated) == (
        "app_command: pip_outdated: its index did not answer for a, b, c, d, e and others, so that nobody "
        "knows of them."
    )
    assert Dependencies(app(pip_outdated=("[]", 0, TRY.format(left=1, name="a")))).outdated() == []


def audit(*packages):
    return json.dumps({"dependencies": list(packages), "fixes": []})


CLEAN = {"name": "a", "version": "1.0", "vulns": []}
OURS = {"name": "ours", "skip_reason": "not on PyPI"}


def test_vulnerabilities(app):
    sick = {
        "name": "b",
        "version": "2.31.0",
        "vulns": [{"id": "GHSA-1", "fix_versions": ["2.32.0", "3.0"]}, {"id": "PYSEC-2", "fix_versions": []}],
    }
    found = Dependencies(app(pip_audit=(audit(CLEAN, sick, OURS), 1))).audit()
    assert found.vulnerable == (Vulnerable("b", "2.31.0", "GHSA-1", "2.32.0"), Vulnerable("b", "2.31.0", "PYSEC-2", ""))
    assert [str(one) for one in found.vulnerable] == [
        "b 2.31.0: GHSA-1, fixed in 2.32.0",
        "b 2.31.0: PYSEC-2, no version is without it",
    ]
    assert found.skipped == ("ours (not on PyPI)",)
    assert Dependencies(app(pip_audit=audit(CLEAN))).audit() == Audited((), ())


def test_outdated_beside_an_earlier_list():
    a, b = Outdated("a", "1.0", "2.0"), Outdated("b", "1.0", "1.1")
    found = Dependencies.since([a, b], {"b", "d", "c"})
    assert found == Since(new=(a,), still=(b,), gone=("c", "d"))
    assert json.loads(found.as_json(1_800_000_000)) == {
        "since": "2027-01-15T08:00:00Z",
        "new": ["a 1.0 -> 2.0"],
        "still": ["b 1.0 -> 1.1"],
        "gone": ["c", "d"],
    }
    assert Dependencies.since([], []) == Since((), (), ())


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (audit(), "looked up no package"),
        (audit(OURS), "looked up no package"),
        ("{}", "is no report of pip-audit's: KeyError('dependencies')"),
        ("[]", "is no report of pip-audit's: TypeError('list indices must be integers or slices, not str')"),
        ("", "is no report of pip-audit's: JSONDecodeError('no line begins with { or [: line 1 column 1 (char 0)')"),
    ],
)
def test_no_audit(app, said, why):
    assert failure(Dependencies(app(pip_audit=said)).audit) == f"app_command: pip_audit: {why}."


def test_a_skipped_package_makes_the_audit_say_nothing(app):
    found = Dependencies(app(pip_audit=audit(CLEAN, OURS))).audit()
    assert found.vulnerable == ()
    with pytest.raises(Vacuous) as caught:
        found.whole()
    assert str(caught.value) == "app_command: pip_audit found nothing, and could not look up: ours (not on PyPI)."
    Dependencies(app(pip_audit=audit(CLEAN))).audit().whole()


def test_what_can_be_mended():
    mended, not_yet = Vulnerable("a", "1", "X", "2"), Vulnerable("a", "1", "Y", "")
    assert Audited((mended, not_yet), ()).fixable == (mended,)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("4.40", ""),
        ("4.100.1", ""),
        ("4.40.0rc1", "Trans_Formers 4.40.0rc1, and >=4.40,<5 is allowed"),
        ("4.9.2", "Trans_Formers 4.9.2, and >=4.40,<5 is allowed"),
        ("5.0.1", "Trans_Formers 5.0.1, and >=4.40,<5 is allowed"),
        ("unknown", "Trans_Formers unknown, and >=4.40,<5 is allowed"),
    ],
)
def test_versions_are_compared_as_versions(app, version, said):
    listed = json.dumps([{"name": "trans.formers", "version": version}])
    assert "; ".join(Dependencies(app(pip_list=listed)).outside({"Trans_Formers": ">=4.40,<5"})) == said


def test_what_is_not_installed_is_outside(app):
    found = Dependencies(app(pip_list="[]")).outside({"transformers": ">=4.40,<5"})
    assert found == ["transformers is not installed, and >=4.40,<5 is allowed"]
    with pytest.raises(Unsupported):
        Dependencies(app(pip_list="[]")).outside({})
    assert failure(Dependencies(app(pip_list='{"a": 1}')).installed).startswith(
        "app_command: pip_list: is no list of pip's"
    )


@pytest.fixture
def ours(monkeypatch):
    """The Python of these tests comes first on the path, as where their environment is active."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def test_the_packages_of_these_tests_are_nobody_elses(client, ours):
    check = {"argv": ["python", "-c", "print('No broken requirements found.')"], "exit": [0, 1]}
    app = client("app_command", commands={"pip_check": check})
    assert Dependencies(app).conflicts() == []  # nothing says what the application requires
    wanted = app.root / "requirements.txt"
    wanted.write_text("# of the interface\npytest>=8  # is here\n\n-r more.txt\nno-such-win; sys_platform == 'win32'\n")
    assert Dependencies(app).conflicts() == []
    wanted.write_text("pytest\nNo_Such-Package[all]>=2\n")
    assert failure(Dependencies(app).conflicts) == (
        "app_command: pip_check: its python is the one of these tests, which has no No_Such-Package of "
        "requirements.txt; give argv the path of the application's own."
    )
    wanted.write_text("pytest==8.0 \\\n  --hash=sha256:0a \\\n  --hash=sha256:2c\nno-such==1 --hash=sha256:0a\n")
    assert "which has no no-such of" in failure(Dependencies(app).conflicts)
    for encoding in ("utf-16", "utf-8-sig"):
        wanted.write_text("no-such\n", encoding=encoding)
        assert "which has no no-such of" in failure(Dependencies(app).conflicts)
    wanted.write_bytes(b"# caf\xe9\nno-such\n")
    assert "which has no no-such of" in failure(Dependencies(app).conflicts)
    away = {"argv": [sys.executable, *check["argv"][1:]], "exit": [0, 1]}  # named on purpose
    assert Dependencies(client("app_command", commands={"pip_check": away})).conflicts() == []


@pytest.mark.parametrize("program", ["pip", "pip3", "pip-audit", "python3"])
def test_nor_is_what_pip_of_these_tests_tells(client, tmp_path, monkeypatch, program):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "ours" / "python"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'ours'}{os.pathsep}{os.environ['PATH']}")
    app = client("app_command", commands={"pip_list": {"argv": [program, "list"]}})
    for folder in (tmp_path / "ours", app.root / ".venv" / "bin"):
        folder.mkdir(parents=True)
        (folder / program).write_text("#!/bin/sh\necho '[]'\n")
        (folder / program).chmod(0o755)
    (app.root / "requirements.txt").write_text("no-such\n")
    said = f"app_command: pip_list: its {program} is the one of these tests, which has no no-such of"
    assert failure(Dependencies(app).installed).startswith(said)
    (app.root / ".venv" / "bin" / "python").write_text("")  # the application's own comes first
    assert Dependencies(app).installed() == {}
