"""The Allure command line: found, known by its version, and called so that trends go on."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError
from pytest_llmops.report.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOW = (
    "Get Allure 3 (needs Node.js 20): npm install allure, in this folder; or Allure 2 (needs Java): npm install "
    "allure-commandline. A binary of either on PATH serves as well. Then run llmops report again."
)
LOCAL = Path("node_modules") / ".bin" / "allure"
HISTORY_3 = "allure-history.jsonl"
HISTORY_2 = "allure-history"
KEPT = 100
"""Runs that the trends of Allure 3 go back."""
LONGEST_S = 600
OURS = ".llmops-report"
"""A file in each report, by which it is known that the folder may be replaced."""
UNCOUNTED = {"ALLURE_NO_ANALYTICS": "1"}
"""What a renderer is told that heeds it; who reads a report is told to nobody."""
_COUNTING = re.compile(
    r'\s*<script async src="https://www\.googletagmanager\.com/[^"]*"></script>\s*<script>(?:(?!</script>).)*</script>',
    re.DOTALL,
)


@dataclass(frozen=True)
class Allure:
    """One command line.

    Attributes:
        path: of its executable.
        version: as it says itself.
    """

    path: str
    version: str

    @property
    def major(self) -> int:
        """2 or 3."""
        return int(self.version.partition(".")[0])


def found(places: Sequence[Path], environ: Mapping[str, str]) -> Allure:
    """The newest Allure of ``node_modules`` in these folders and of PATH: 2 and 3 bear the same name.

    Raises:
        LlmopsError: there is none that runs; says how to get one.
    """
    candidates = [str(place / LOCAL) for place in places if (place / LOCAL).exists()]
    candidates += [on_path] if (on_path := shutil.which("allure", path=environ.get("PATH"))) else []
    known, refused = [], []
    for path in dict.fromkeys(candidates):
        said = _said([path, "--version"], environ)
        version = version_of(said)
        if version:
            known.append(Allure(path, version))
        else:
            refused.append(f"{path} says no version of Allure 2 or 3 ({said.strip()[:200] or 'nothing'}). ")
    if not known:
        looked = ", ".join(str(place / LOCAL.parent) for place in places)
        raise LlmopsError(f"No Allure command line in {looked} or on PATH. {''.join(refused)}{HOW}")
    return max(known, key=lambda one: one.major)


def version_of(said: str) -> str:
    """The version among the words of ``allure --version``; empty where it is none of 2 or 3."""
    match = re.search(r"^\s*([23]\.\d+(?:\.\d+)?)\s*$", said, re.MULTILINE)
    return match.group(1) if match else ""


def settings(
    output: Path, history: Path, name: str, categories: list[dict[str, str]], shown: dict[str, str]
) -> dict[str, Any]:
    """The configuration of Allure 3 for one report."""
    return {
        "name": name,
        "output": str(output),
        "historyPath": str(history),
        "historyLimit": KEPT,
        "variables": shown,
        "categories": {"rules": categories},
        "plugins": {"awesome": {"options": {"singleFile": False, "groupBy": ["epic", "feature", "story"]}}},
    }


def render(
    allure: Allure,
    results: Path,
    output: Path,
    state: Path,
    config: dict[str, Any],
    environ: Mapping[str, str],
) -> Path:
    """Render results, over an earlier report; the state folder keeps what trends are made of.

    Args:
        allure: which command line.
        results: the folder of results.
        output: the report's folder.
        state: where what is kept across runs lies.
        config: of Allure 3, by `settings`.
        environ: the environment variables it gets.

    Returns:
        The page to open.

    Raises:
        LlmopsError: it failed; with its last words. Or something else lies where the report is to be.
        OSError: a file cannot be written.
    """
    _must_be_a_report(output)
    behind = output.resolve()  # where that is a link, it stays one
    made = behind.with_name(f".{behind.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    if allure.major == 3:
        file = write_whole(state, "allurerc.json", json.dumps({**config, "output": str(made)}, indent=1))
        words = ["generate", "--config", str(file), "--output", str(made), str(results)]
    else:
        words = ["generate", "--clean", "--output", str(made), str(results)]
        _copy(state / HISTORY_2, results / "history")
    said = _said([allure.path, *words], {**environ, **UNCOUNTED}, must=True)
    page = made / "index.html"
    if not page.exists():
        raise LlmopsError(f"Allure {allure.version} wrote no {page}: {said.strip()[-500:] or 'it said nothing'}")
    page.write_text(_COUNTING.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")  # Allure 3 heeds no variable
    if allure.major == 2:
        _copy(made / "history", state / HISTORY_2)
    (made / OURS).write_text("Rendered by llmops report, which writes the next one in its place.\n", encoding="utf-8")
    if behind.exists():
        shutil.rmtree(behind)
    made.rename(behind)
    return output / page.name


def _must_be_a_report(output: Path) -> None:
    """Where the new report is to be lies nothing, or an earlier one.

    Raises:
        LlmopsError: there is something else.
    """
    if output.exists() and not (output / OURS).is_file() and any(output.iterdir()):
        raise LlmopsError(f"{output} holds something that llmops report did not write: give another --output.")


def _copy(source: Path, to: Path) -> None:
    """A folder in the place of another, where there is one."""
    if source.is_dir():
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(source, to)


def _said(command: Sequence[str], environ: Mapping[str, str], *, must: bool = False) -> str:
    """What a command printed.

    Raises:
        LlmopsError: it cannot be started or does not end, or, with ``must``, failed.
    """
    try:
        done = subprocess.run(  # noqa: S603 (found by us, without a shell)
            command, capture_output=True, text=True, env=dict(environ), timeout=LONGEST_S, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        if must:
            raise LlmopsError(f"{command[0]} did not render: {error}") from None
        return str(error)
    said = f"{done.stdout}\n{done.stderr}"
    if must and done.returncode:
        raise LlmopsError(f"{command[0]} ended with {done.returncode}: {said.strip()[-500:]}")
    return said
