"""Vulnerability scans, as Trivy reports them."""

import json

import pytest

from pytest_llmops.clients.scanner import Scanner
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous


def report(name, *bugs, system=None, results=True):
    rows = [
        {"VulnerabilityID": f"CVE-{number}", "PkgName": package, "InstalledVersion": "1", "Severity": severity}
        for number, (package, severity) in enumerate(bugs)
    ]
    found = {"ArtifactName": name, "Metadata": {"OS": system} if system else {}}
    return found | ({"Results": [{"Target": name, "Vulnerabilities": rows}, {"Target": "none"}]} if results else {})


def scan(app, *reports, what="images"):
    printed = "\n".join(json.dumps(one, indent=2) for one in reports)
    return Scanner(app(**{f"scan_{what}": printed}), all_of_it)(what)


def all_of_it(_what):
    """The target lacks nothing."""


def nothing_of_it(what):
    raise Unsupported(f"nothing of {what} is there.")


def test_the_critical_ones(app):
    found = scan(app, report("a", ("x", "LOW"), ("y", "CRITICAL")), report("b", ("z", "HIGH"), ("w", "UNKNOWN")))
    assert found.scanned == ("a", "b")
    assert [one.package for one in found.found] == ["y", "z", "x", "w"]
    assert [one.package for one in found.critical] == ["y"]
    assert found.said == "a: y 1: CVE-1, critical, no version is without it"
    assert "| critical | a | y 1 | CVE-1 |  |" in found.document()
    found.whole()


def test_nothing_critical(app):
    found = scan(app, report("a", ("x", "LOW"), ("y", "HIGH"), ("z", "LOW")))
    assert (found.critical, found.said) == ((), "1 high, 2 low")
    nothing = scan(app, report("a"))
    assert nothing.said == "nothing was found"
    assert nothing.document() == "# Known vulnerabilities\n\n- a\n\nNone was found.\n"


def test_many_are_cut(app):
    assert scan(app, report("a", *[("x", "CRITICAL")] * 12)).said.endswith("; and 2 more")


def test_what_was_not_looked_into_says_nothing(app):
    old = {"Family": "debian", "Name": "9.13", "EOSL": True}
    found = scan(app, report("a", results=False), report("b", system=old), report("c", system={"Family": "alpine"}))
    with pytest.raises(Vacuous) as caught:
        found.whole()
    assert str(caught.value) == (
        "app_command: the scan found nothing, and could not look into: a (neither packages of a system nor of a "
        "language were recognised in it); b (debian 9.13 is out of support: nobody reports its vulnerabilities any "
        "more)."
    )


def test_nothing_to_scan(app):
    with pytest.raises(Unsupported) as caught:
        Scanner(app(scan_images=json.dumps(report("a"))), nothing_of_it)("images")
    assert str(caught.value) == "nothing of images is there."
    with pytest.raises(Unsupported):
        Scanner(app(scan_host="{}"), all_of_it)("images")


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        ("", "printed no report"),
        ("{}", "is no report of Trivy's: KeyError('ArtifactName')"),
        ("[]", "is no report of Trivy's: AttributeError(\"'list' object has no attribute 'get'\")"),
        ("2026 FATAL", "is no report of Trivy's: JSONDecodeError('Extra data: line 1 column 6 (char 5)')"),
    ],
)
def test_no_report(app, printed, why):
    with pytest.raises(CallFailed) as caught:
        Scanner(app(scan_host=printed), all_of_it)("host")
    assert str(caught.value).startswith("app_command: scan_host: ")
    if "Extra" not in why:
        assert str(caught.value) == f"app_command: scan_host: {why}."
