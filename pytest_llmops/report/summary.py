"""``summary.md``: what a reviewer of a change has to know of a gated run, on a page of Markdown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError
from pytest_llmops.report.advice import advice
from pytest_llmops.report.by_hand import in_words
from pytest_llmops.report.by_hand import section as left_changed
from pytest_llmops.report.creep_words import said
from pytest_llmops.report.last_good import in_short
from pytest_llmops.report.markdown import escaped, fitting, named, table
from pytest_llmops.report.metric import (
    is_quiet_rate,
    is_timed,
    missing_by_reason,
    names_by_reason,
    names_in,
    number,
    sentences,
    so_many,
    state_of,
    times,
    worded,
    worst_first,
)
from pytest_llmops.report.outcomes import counted
from pytest_llmops.report.says_nothing import line_of
from pytest_llmops.report.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_llmops.target.secrets import Redactor

SUMMARY_MD = "summary.md"

COMMENT = 60_000
"""Bytes: a comment on a pull request holds 65,536 characters."""

STEP = 1024 * 1024
"""Bytes that all summaries of one step of a workflow may have together; GitHub drops them all if there are more."""

ROWS = 40
"""Of a table; the rest is counted."""

REST = "*Cut here; the whole outcome stands in `reports/run.json`.*"

VERDICT = {
    0: ("passed", "all well"),
    1: ("blocked", "a check failed"),
    2: ("interrupted", "the run was stopped before its end"),
    3: ("not judged", "internal error"),
    4: ("not run", "it was asked for something that cannot be carried out"),
    5: ("blocked", "nothing was executed"),
    10: ("blocked", "slower than before, and nothing else failed"),
    11: ("blocked", "nothing failed, but not all of it could be judged"),
    12: ("blocked", "a required component is unreachable"),
    13: ("blocked", "nothing was checked"),
}


def write(folder: Path, result: dict[str, Any], redactor: Redactor) -> Path:
    """Write the summary, in one step, without any secret.

    Args:
        folder: the reports' folder; made if absent.
        result: the run, as in ``run.json``.
        redactor: knows the target's secrets.

    Returns:
        The file.
    """
    return write_whole(folder, SUMMARY_MD, fitting(markdown(redactor.inside(result)), COMMENT, REST))


def append(path: Path, result: dict[str, Any], redactor: Redactor) -> Path:
    """Add the summary to the file of a workflow's step, as far as there is room in it.

    Args:
        path: the file; others may have written to it before.
        result: the run, as in ``run.json``.
        redactor: knows the target's secrets.

    Returns:
        The file.

    Raises:
        LlmopsError: it is full.
    """
    taken = path.stat().st_size if path.exists() else 0
    text = fitting(f"\n{markdown(redactor.inside(result))}", min(STEP - taken, COMMENT), REST)
    if not text:
        raise LlmopsError(f"{path} holds {taken} bytes already; GitHub shows no summary of a step above {STEP}.")
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
    return path


def markdown(result: dict[str, Any]) -> str:
    """The whole summary.

    Args:
        result: the run, as in ``run.json``, without secrets.
    """
    metrics = [one for check in result["checks"] for one in check["metrics"] if not is_quiet_rate(one)]
    timed = worst_first(metric for metric in metrics if is_timed(metric) or metric["ratio"] is not None)
    lines = [
        *_head(result),
        *_section("Left changed", left_changed(result["left_changed"])),
        *_section("Failed", _failed(result["checks"])),
        *_section("Timed", _timed(timed, _other(result))),
        *_section("Not settled", _unsettled(result, metrics)),
        *_section("Trends", [f"- **creeps**: {escaped(said(one))}" for one in result.get("creeps", [])]),
        *_section("Says nothing", _says_nothing(result.get("vacuous", []))),
        *_section("What to do", list(advice(result, metrics))),
    ]
    return "\n".join(lines).strip("\n") + "\n"


def _other(result: dict[str, Any]) -> str:
    """What timed metrics are compared with: the other deployment, where calls were made in turns."""
    return escaped(result["twin"]["called"]) if result["twin"] else "baseline"


def _section(heading: str, lines: Sequence[str]) -> list[str]:
    return [f"### {heading}", "", *lines, ""] if lines else []


def _head(result: dict[str, Any]) -> Iterator[str]:
    status, twin = result["exit_status"], result["twin"]
    verdict, words = VERDICT.get(status, ("ended", "a status of another plugin"))
    if status == 0 and not result["checks"]:
        words = "none of these tests is a check"
    if status == 10 and twin:
        words = f"slower than {twin['called']}, and nothing else failed"
    if left := in_words(result["left_changed"]):
        words = left if status == 1 else f"{words}, and {left}"
    yield f"## {escaped(result['target']) or 'llmops'}: {verdict} (exit status {status}: {escaped(words)})"
    yield ""
    about = {word: result[word] for word in ("target", "profile", "environment")}
    about["called in turns with"] = twin["called"] if twin else ""
    if said := " · ".join(f"{word} **{escaped(text)}**" for word, text in about.items() if text):
        yield from (said, "")
    spent = result["spent"]
    cost = f"{so_many(spent['requests'], 'call')}, {so_many(spent['tokens'], 'token')}, {result['duration_s']:.0f} s"
    yield f"{counted(result['checks']) or 'no check made'}{_left(result)} · {cost}"
    yield ""


def _left(result: dict[str, Any]) -> str:
    """What was not run, and why."""
    unmade, out = result["not_made"], sum(result["not_applicable"].values())
    said = f", **{unmade['checks']} not made** ({unmade['timed']} of them timed)" if unmade["checks"] else ""
    return f"{said}, {out} left out (not applicable)" if out else said


def _failed(checks: Sequence[dict[str, Any]]) -> list[str]:
    """One line per check that is red, and one per unreachable component however many checks it cost."""
    lost = Counter(check["reason"].partition("\n")[0] for check in checks if check["category"] == "unreachable")
    rows = [(so_many(count, "check"), "unreachable", cause) for cause, count in lost.items()]
    rows = [(count, category, escaped(cause)) for count, category, cause in rows]
    for check in checks:
        if check["outcome"] in {"failed", "error"} and check["category"] != "unreachable":
            why = "; ".join(in_short(check))
            rows.append((named(check["test"]), escaped(check["category"]), escaped(why)))
    return _rows(("check", "class", "why"), rows)


def _timed(metrics: Sequence[dict[str, Any]], other: str) -> list[str]:
    """Those that matter; the rest, which is as ever, behind a click."""
    matter = [metric for metric in metrics if state_of(metric) not in {"ok", "recorded"}]
    rest = [metric for metric in metrics if metric not in matter]
    lines = _metrics(matter, other)
    if rest:
        count = f"{len(rest)} {'more ' if matter else ''}as they should be"
        lines += ["<details>", f"<summary>{count}</summary>", *_metrics(rest, other), "</details>"]
    return lines


def _metrics(metrics: Sequence[dict[str, Any]], other: str) -> list[str]:
    numbers = ("now", other, "times worse (95 % limits)", "n")
    rows = [
        (named(m["name"]), escaped(worded(m)), number(m, "value"), number(m, "baseline"), times(m), str(m["n"]))
        for m in metrics
    ]
    return _rows(("metric", "state", *numbers), rows, numbers)


def _rows(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> list[str]:
    if not rows:
        return []
    more = len(rows) - ROWS
    lines = table(headings, rows[:ROWS], right)
    return [*lines, f"… and {more} more, in `run.json`", ""] if more > 0 else lines


def _unsettled(result: dict[str, Any], metrics: Sequence[dict[str, Any]]) -> list[str]:
    """One line per class of what is neither simply well nor simply red."""
    lines = [_names("suspect", names, reason) for reason, names in names_by_reason(metrics, "suspect").items()]
    lines += [_names(state, names_in(metrics, state), "") for state in ("inconclusive", "no-baseline")]
    unlike = names_by_reason(metrics, "not-comparable")
    lines += [_names("not comparable", names, reason) for reason, names in unlike.items()]
    lines += [_names("void", [metric["name"]], metric["reason"]) for metric in metrics if state_of(metric) == "void"]
    lines += [_names("missing", names, reason) for reason, names in missing_by_reason(result["missing"]).items()]
    waived = [check for check in result["checks"] if check["outcome"] == "waived"]
    lines += [_names("waived", [check["test"]], (sentences(check["reason"]) or [""])[0]) for check in waived]
    lines += [_names("improved", names_in(metrics, "improvement"), "")]
    lines = [line for line in lines if line]
    return [*lines[:ROWS], f"- … and {len(lines) - ROWS} more, in `run.json`"] if len(lines) > ROWS else lines


def _says_nothing(entries: Sequence[dict[str, str]]) -> list[str]:
    """What can say nothing, one line each, behind a click."""
    if not entries:
        return []
    lines = [f"- {escaped(line_of(one))}" for one in entries[:ROWS]]
    lines += [f"- … and {len(entries) - ROWS} more, in `run.json`"] if len(entries) > ROWS else []
    return ["<details>", f"<summary>{len(entries)} vacuous</summary>", "", *lines, "", "</details>"]


def _names(word: str, names: Sequence[str], reason: str) -> str:
    """A bullet; empty where nothing is of that class."""
    shown = ", ".join(named(name) for name in names[:ROWS] if name)
    more = f" and {len(names) - ROWS} more" if len(names) > ROWS else ""
    said = ": ".join(filter(None, (f"{shown}{more}", escaped(reason))))
    return f"- **{word}**: {said}" if names else ""
