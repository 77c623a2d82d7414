"""What people read of an incident: whole texts, and that the folder holds no secret."""

import json
import stat

import pytest

from pytest_llmops.operate.bundle import Part
from pytest_llmops.operate.findings import Finding
from pytest_llmops.operate.severity import assess
from pytest_llmops.report.incident import Told, bundles_of, outcome, report, review, write_bundle
from pytest_llmops.report.markdown import parts_of
from pytest_llmops.state.history.over_time import Kept
from pytest_llmops.target.load import load
from pytest_llmops.target.secrets import Redactor

AT = 1_796_000_000.0
FILE = """
[targets.here.components.ollama]
url = "http://127.0.0.1:11434"
[targets.here.incident]
next_steps = ["Detailed analysis in progress"]
contact = "on-call engineer"
[[targets.here.severities]]
name = "P1"
title = "High"
meaning = "Partial service outage"
response = "15m"
when = [{ says = "A server is down", any_down = ["*"] }]
"""
DOWN = Finding(
    "component", "ollama", "failed", "ollama at http://127.0.0.1:11434: was refused:\n nothing listens there."
)
RATE = Finding("figure", "error_rate", "ok", "error_rate is 2 %", "ollama", value=2.0, unit="%")

WHOLE = """\
# Incident report: here

- **Time:** 2026-11-30 00:53:20 UTC
- **Severity:** P1 - High
- **Meaning:** Partial service outage
- **Answer due:** within 15 min
- **Status:** INVESTIGATING
- **Triage took:** 2.5 s, 2 things were looked at
- **Contact:** on-call engineer

## Why

- P1: A server is down (component ollama)

## Evidence

- **component ollama**: ollama at http://127.0.0.1:11434: was refused: nothing listens there.

## Current system state

- component ollama: failed
- error_rate is 2 %

```
Status: WARNING
```

## Actions taken

1. diagnostics collected

## Next steps

1. Detailed analysis in progress
"""


@pytest.fixture
def told(tmp_path):
    def told(*findings, **more):
        file = tmp_path / "llmops.toml"
        file.write_text(FILE)
        target = load(file, None, tmp_path, {})
        return Told(target, AT, assess(target.table.severities, findings), findings, 2.5, **more)

    return told


def test_the_report_tells_all_that_the_runbook_asks_for(told):
    found = report(told(DOWN, RATE, actions=["diagnostics collected"], summary="Status: WARNING\n"))
    assert found == WHOLE


def test_the_parts_of_a_report_are_found_again():
    said = parts_of(WHOLE)
    assert said["Severity"] == "P1 - High"
    assert said["Status"] == "INVESTIGATING"
    assert said["Why"] == "- P1: A server is down (component ollama)"
    assert said["Current system state"].endswith("```\nStatus: WARNING\n```")
    assert list(said)[-2:] == ["Actions taken", "Next steps"]


def test_without_an_incident_nothing_is_claimed(told):
    found = report(told(RATE))
    for line in (
        "- **Severity:** none",
        "- **Status:** NO INCIDENT",
        "No condition of any severity holds.",
        "Nothing that was looked at has failed.",
        "None by this run.",
    ):
        assert line in found.splitlines()
    assert "Detailed analysis" not in found


def test_a_review_has_the_timeline_and_leaves_the_rest_to_a_person(told):
    found = review(told(DOWN), [(AT - 60, "P1 opened: A server is down"), (AT, "P1 ended")])
    assert "1. 2026-11-30 00:52:20 UTC: P1 opened: A server is down\n2. 2026-11-30 00:53:20 UTC: P1 ended\n" in found
    assert found.count("[to be completed]") == 5
    assert "**component ollama**" in found
    assert "No incident of this target is recorded." in review(told(RATE), [])


def test_a_review_has_what_was_done_and_recorded(told):
    recorded = {RATE.name: [Kept(AT - 60, 0.5, "%"), Kept(AT, 12.0, "%"), Kept(AT + 60, 3.0, "%")]}
    found = review(told(RATE, actions=["restart of api at noon, it stays"]), [(AT, "P1 opened")], (), recorded)
    assert "## Actions taken\n\n1. restart of api at noon, it stays\n" in found
    span = "from 0.5 % (2026-11-30 00:52:20 UTC) to 12 % (2026-11-30 00:53:20 UTC)"
    assert f"  - 3 runs since 2026-11-30 00:52:20 UTC: {span}\n" in found
    bare = review(told(DOWN), [])
    assert "## Metrics\n\nNo figure was looked at.\n" in bare
    assert "## Actions taken\n\nNothing was changed by a run since.\n" in bare


def test_an_outcome_is_a_success_only_where_nothing_failed(told):
    assert "- **Result:** completed, all checks passed\n" in outcome(told(RATE), "Maintenance")
    assert "- **Looked at:** 1 thing; 0 could not be\n" in outcome(told(RATE), "Maintenance")
    found = outcome(told(DOWN, RATE), "Emergency change", reason="disk was full")
    assert found.startswith("# Emergency change: here\n\n- **Time:** 2026-11-30 00:53:20 UTC\n")
    assert (
        "- **Result:** 1 check failed\n- **Looked at:** 2 things; 0 could not be\n- **Reason:** disk was full\n"
        in found
    )


def test_an_outcome_names_what_could_not_be_looked_at(told):
    slow = Finding("figure", "disk_free", "unknown", "disk_free: not read within 25 s")
    absent = Finding("figure", "swap_usage", "unknown", "swap_usage: the machine has none", applies=False)
    found = outcome(told(RATE, slow, absent), "Maintenance")
    assert (
        "- **Result:** no check failed, and 1 check could not be made\n- **Looked at:** 1 thing; 1 could not be\n"
        in found
    )
    assert "What could not be looked at:\n\n- **figure disk_free**: not read within 25 s\n" in found
    assert "- **Result:** not verified, nothing could be looked at\n" in outcome(told(slow), "Maintenance")


def test_a_bundle_is_a_folder_with_its_index_and_without_secrets(told, tmp_path):
    parts = [
        Part("logs/api.txt", "lines", "key s3cret-value\n", "", 0.1),
        Part("metrics.txt", "the page", "", "api: nobody is there, s3cret-value", 0.2),
    ]
    folder, index = write_bundle(tmp_path / "reports", told(DOWN), parts, Redactor(["s3cret-value"]))
    assert folder == tmp_path / "reports" / "incidents" / "20261130T005320Z-P1"
    assert (folder / "logs" / "api.txt").read_text() == "key [redacted]\n"
    assert json.loads((folder / "index.json").read_text()) == index
    assert index == {
        "target": "here",
        "severity": "P1 - High",
        "at": "2026-11-30 00:53:20 UTC",
        "files": [{"file": "logs/api.txt", "what": "lines", "bytes": 17, "took_s": 0.1}],
        "lacking": [
            {
                "file": "metrics.txt",
                "what": "the page",
                "why": "api: nobody is there, [redacted]",
                "failed": False,
                "applies": True,
                "took_s": 0.2,
            }
        ],
    }
    held = [folder.parent, folder, *folder.rglob("*")]
    assert {stat.S_IMODE(one.stat().st_mode) for one in held if one.is_dir()} == {0o700}
    assert {stat.S_IMODE(one.stat().st_mode) for one in held if one.is_file()} == {0o600}
    again, _ = write_bundle(tmp_path / "reports", told(RATE), parts, Redactor())
    third, _ = write_bundle(tmp_path / "reports", told(RATE), parts, Redactor())
    assert [again.name, third.name] == ["20261130T005320Z-none", "20261130T005320Z-none_2"]


def test_a_review_names_the_bundles_of_the_targets_incidents(told, tmp_path):
    reports = tmp_path / "reports"
    assert bundles_of(reports, "here") == []
    folder, _ = write_bundle(reports, told(DOWN), [], Redactor())
    write_bundle(reports, told(RATE), [], Redactor())  # nothing was wrong
    damaged, _ = write_bundle(reports, told(DOWN), [], Redactor())
    (damaged / "index.json").write_text('{"target": "he')
    assert bundles_of(reports, "elsewhere") == []
    found = bundles_of(reports, "here")
    assert found == [f"incidents/{folder.name}"]
    text = review(told(DOWN), [], found)
    assert "\nCollected while an incident lasted:\n\n- `incidents/20261130T005320Z-P1`\n\n## Root cause" in text
