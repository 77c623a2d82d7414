"""``board.html``: the page itself, of a template and a style sheet that lie beside this module."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
import time
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_llmops.report.board import BOARD
from pytest_llmops.report.board.findings import findings
from pytest_llmops.report.board.rows import (
    columns_of,
    components_of,
    drills_of,
    metrics_of,
    procedures_of,
    shares,
    suites_of,
    tone_of,
)
from pytest_llmops.report.metric import is_quiet_rate, sentences, so_many
from pytest_llmops.report.outcomes import counted, word_of
from pytest_llmops.report.summary import VERDICT
from pytest_llmops.report.whole_file import write_whole
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.moments import moment, utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jinja2 import Template

    from pytest_llmops.report.board.findings import Finding
    from pytest_llmops.report.board.remembered import Remembered

UNDECIDED = frozenset({2, 11})
"""Exit statuses of runs that are neither well nor sick."""

SIGNS = {"ok": "✓", "bad": "✗", "warn": "!", "note": "i"}
"""Beside each color, for who does not see it."""

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Characters that no HTML may hold, and those that let a text read as another."""


def write(folder: Path, result: Mapping[str, Any], known: Remembered) -> Path:
    """Write the board, in one step.

    Args:
        folder: the reports' folder; made if absent.
        result: the run, as in ``run.json``, without secrets.
        known: what the history adds.

    Returns:
        The file.
    """
    return write_whole(folder, BOARD, html(result, known))


def html(result: Mapping[str, Any], known: Remembered, now: float | None = None) -> str:
    """The whole page.

    Args:
        result: the run, as in ``run.json``, without secrets.
        known: what the history adds.
        now: when it is made, seconds since the epoch.
    """
    page, style = template()
    found = findings(result)
    judged, recorded = metrics_of(result, known)
    twin = result["twin"]
    return page.render(
        run=result,
        style=style,
        policy=f"default-src 'none'; style-src 'sha256-{_digest(style)}'",
        tone=_tone(result),
        headline=_headline(result, found),
        meaning=VERDICT.get(result["exit_status"], ("", "a status of another plugin"))[1],
        findings=found,
        components=[
            *components_of(result["preflight"]),
            *(components_of(twin["preflight"], twin["called"]) if twin else ()),
        ],
        judged=judged,
        recorded=recorded,
        other=twin["called"] if twin else "baseline",
        suites=suites_of(result["checks"]),
        drills=drills_of(result["checks"]),
        procedures=procedures_of(known, result),
        known=known,
        failed_calls=_failed_calls(result["checks"]),
        documents=[document for check in result["checks"] for document in check["documents"]],
        made=time.time() if now is None else now,
    )


def _tone(result: Mapping[str, Any]) -> str:
    status = result["exit_status"]
    if status in UNDECIDED or (not status and not result["checks"]):
        return "warn"
    return "bad" if status else "ok"


def _headline(result: Mapping[str, Any], found: Sequence[Finding]) -> str:
    """What came of the run, in a few words."""
    status, words = result["exit_status"], Counter(one.word for one in found if one.tone == "bad")
    if not status:
        if not result["checks"]:
            return "none of its tests is a check"
        unsettled = sum(one.tone == "warn" for one in found)
        return f"all well, but {so_many(unsettled, 'thing')} not settled" if unsettled else "all well"
    parts = [one.title for one in found if one.word in {"left changed", "incident"}][:1]
    if words["unreachable"]:
        away = sorted({one["component"] for one in result["preflight"] if not one["ok"]})
        parts.append(f"{', '.join(away) or 'a component'} unreachable")
    red = [one for one in result["checks"] if one["outcome"] in {"failed", "error"}]
    if failed := sum(one["category"] != "unreachable" for one in red):
        severe = sum(one["severity"] == "critical" and one["category"] != "unreachable" for one in red)
        critical = f", {severe} of them critical" if severe else ""
        parts.append(f"{so_many(failed, 'check')} failed{critical}")
    return "; ".join(parts) or VERDICT.get(status, ("", f"exit status {status}"))[1]


def _failed_calls(checks: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """How many timed calls failed, of how many."""
    rates = [one for check in checks for one in check["metrics"] if one["name"].endswith(".error_rate")]
    return round(sum(one["value"] * one["n"] for one in rates)), sum(one["n"] for one in rates)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _seen(value: Any) -> Any:
    """What is put into the page: of somebody's text no character that is no text."""
    if not isinstance(value, str) or not (_UNSEEN.search(value) or not value.isascii()):
        return value
    clean = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", value).encode("utf-8", "replace").decode()
    return type(value)(clean)  # what is markup stays so


def _when(seconds: float) -> str:
    """On the clock of whoever made the page, whose zone the reader has to be told."""
    return f"{moment(seconds)} {dt.datetime.fromtimestamp(seconds).astimezone():%Z}"


@cache
def template() -> tuple[Template, str]:
    """The template, and the style sheet."""
    from jinja2 import Environment, StrictUndefined

    here = files(__package__)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_seen, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "when": _when,
        "utc": utc,
        "spoken": spoken,
        "link": lambda path: quote(path, safe="/"),
        "counted": counted,
        "shares": shares,
        "tone": tone_of,
        "word": word_of,
        "sentences": sentences,
        "quiet": is_quiet_rate,
        "so_many": so_many,
    }
    environment.globals |= {"SIGNS": SIGNS, "columns": columns_of}
    page = environment.from_string((here / "board.html.jinja").read_text(encoding="utf-8"))
    return page, (here / "board.css").read_text(encoding="utf-8")
