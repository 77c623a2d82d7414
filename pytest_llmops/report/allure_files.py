"""What lies beside Allure's results: categories, the environment, the job of a CI that made them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llmops.report.links import GITHUB, JOBS, job_link
from pytest_llmops.report.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ENVIRONMENT = "environment.properties"
RUN = "run = "
"""Begins its line with the run's id."""

MARK = "category: "
"""Begins the last line of a result's trace, by which Allure sorts results into categories."""

CATEGORIES = (
    ("Security finding", "security finding"),
    ("Drill", "drill"),
    ("Unreachable", "(unreachable|optional-unreachable)"),
    ("Regression", "regression"),
    ("Threshold", "threshold"),
    ("Suspect", "suspect"),
    ("Void: the measurement says nothing", "void"),
    ("Left or still changed", "(left-changed|still-changed)"),
    ("Not run: error, crash, package, window or budget", "(error|crashed|not-installed|outside-window|budget)"),
    ("Failed", "failed"),
    ("Waived", "waived"),
    ("Vacuous: says nothing", "vacuous"),
    ("Unsupported by the target", "unsupported"),
    ("Human step, to be signed off", "human step"),
)
"""What Allure shows, and the word of ours that it stands for."""

UNREAD = {"unreachable", "optional-unreachable"}
RED = {"failed", "error"}
SUSPECT = {"inconclusive", "unconfirmed regression"}


def category(check: Mapping[str, Any]) -> str:
    """The word of `CATEGORIES` for a check as in ``run.json``; empty for a pass, a skip, an expected failure."""
    outcome, found = check["outcome"], str(check["category"])
    if outcome == "waived":
        return "waived"
    if outcome in RED and found not in UNREAD:
        if check["suite"] == "security" and outcome == "failed":
            return "security finding"
        if check["suite"] == "dr" and outcome == "failed":
            return "drill"
    if outcome == "passed":
        suspect = any(metric["suspect"] for metric in check["metrics"]) or SUSPECT & {found, *check["notes"]}
        return "suspect" if suspect else ""
    return "" if found in {"skipped", "xfailed"} else found


def categories() -> list[dict[str, str]]:
    """Allure's ``categories.json``; patterns that Java and JavaScript read alike, as 2 and 3 want them."""
    return [{"name": name, "traceRegex": rf"[\s\S]*{MARK}{word}\s*"} for name, word in CATEGORIES]


def environment(result: Mapping[str, Any]) -> dict[str, str]:
    """Name and value of what the run was made on; what is empty is left out.

    Args:
        result: as in ``run.json``.
    """
    found = {
        "target": result["target"],
        "profile": result["profile"],
        "environment": result["environment"],
        "against": result["against"],
        "commit": result["commit"],
        "run": result["id"],
        "exit status": result["exit_status"],
        "pytest-llmops": result["version"],
    }
    for component in result["preflight"]:
        facts = component.get("facts") or {}
        words = [f"{key} {facts[key]}" for key in ("version", "model") if facts.get(key)]
        state = component["level"] if component["ok"] else f"down: {component['failure'] or component['reason']}"
        found[f"component {component['component']}"] = ", ".join([state, *words])
    return {name: str(value) for name, value in found.items() if value not in (None, "")}


def properties(values: Mapping[str, str]) -> str:
    """Values as the text of a Java properties file, which is read as Latin-1."""
    return "".join(f"{_escaped(name, key=True)} = {_escaped(value)}\n" for name, value in values.items())


def _escaped(text: str, *, key: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    if key:
        text = text.replace(" ", "\\ ").replace(":", "\\:").replace("=", "\\=")
    return "".join(one if one.isascii() else "".join(f"\\u{unit:04x}" for unit in _utf16(one)) for one in text)


def _utf16(one: str) -> list[int]:
    data = one.encode("utf-16-be")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def run_of(folder: Path) -> str:
    """The id of the run that wrote results; empty where nothing beside them says it."""
    file = folder / ENVIRONMENT
    lines = file.read_text(encoding="latin-1").splitlines() if file.is_file() else []
    return next((line.removeprefix(RUN).strip() for line in lines if line.startswith(RUN)), "")


def executor(environ: Mapping[str, str], result: Mapping[str, Any]) -> dict[str, Any]:
    """Allure's ``executor.json``: who made the run, with links to the job where a CI says them.

    Args:
        environ: the environment variables of the run.
        result: as in ``run.json``.

    Returns:
        ``name`` and ``type``; in a CI also its number, and the addresses that it gave.
    """
    github = all(environ.get(name) for name in GITHUB)
    gitlab, jenkins = environ.get("GITLAB_CI"), environ.get("JENKINS_URL")
    kind = "github" if github else "gitlab" if gitlab else "jenkins" if jenkins else ""
    known = {
        "github": ("GitHub Actions", "GITHUB_RUN_NUMBER", "GITHUB_WORKFLOW", environ.get("GITHUB_SERVER_URL")),
        "gitlab": ("GitLab CI", "CI_PIPELINE_IID", "CI_JOB_NAME", environ.get("CI_SERVER_URL")),
        "jenkins": ("Jenkins", "BUILD_NUMBER", "JOB_NAME", jenkins),
    }
    link = job_link(environ)
    if not kind:
        name = "CI" if any(environ.get(job) for job in JOBS) else "pytest"
        found: dict[str, Any] = {"name": name, "type": "pytest-llmops", "buildUrl": link}
    else:
        name, order, job, url = known[kind]
        number = environ.get(order, "")
        found = {
            "name": name,
            "type": kind,
            "url": url or "",
            "buildOrder": int(number) if number.isdecimal() else None,
            "buildName": " #".join(part for part in (environ.get(job, ""), number) if part),
            "buildUrl": link,
        }
    found["reportName"] = f"llmops: {result['target']}"
    return {key: value for key, value in found.items() if value not in (None, "")}


def write(folder: Path, result: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    """Write the three files beside the results.

    Args:
        folder: of the results.
        result: as in ``run.json``, without secrets.
        environ: the environment variables of the run.

    Raises:
        OSError: one cannot be written.
    """
    write_whole(folder, "categories.json", json.dumps(categories(), indent=1))
    write_whole(folder, ENVIRONMENT, properties(environment(result)))
    write_whole(folder, "executor.json", json.dumps(executor(environ, result), indent=1))
