"""A recorded run as stock pytest-benchmark JSON, there and back."""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import BaselineError
from pytest_llmops.judge.json_file import read_json, text
from pytest_llmops.judge.recording import Acceptance, BaselineRun, Recording
from pytest_llmops.samples import Metric, Series

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = 1
"""Of the ``llmops`` table and of ``extra_info``; raised when an older reader would misread them."""


def write_candidate(path: Path, run: BaselineRun) -> None:
    """Write a run to ``path``, whole or not at all. Metrics without a value are left out: nothing compares with them.

    Raises:
        BaselineError: no metric has a value.
    """
    written = as_text(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(written, "utf-8")
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def as_text(run: BaselineRun) -> str:
    """What ``write_candidate`` writes.

    Raises:
        BaselineError: no metric has a value.
    """
    document = _document(run)
    if not document["benchmarks"]:
        raise BaselineError(f"nothing to record for {run.target}: no call succeeded in any measurement")
    return _compact(document)


def load(path: Path) -> BaselineRun:
    """Read a run back.

    Raises:
        BaselineError: the file is missing, damaged, or not a baseline of ours.
    """
    try:
        document = read_json(path)
    except FileNotFoundError:
        raise BaselineError(f"there is no baseline file {path}") from None
    except ValueError as error:
        raise _broken(path, f"it is {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("llmops"), dict):
        raise BaselineError(
            f"{path} is not a baseline of pytest-llmops: it has no 'llmops' table. Move it out of the baselines; "
            "it was not changed."
        )
    schema = document["llmops"].get("schema")
    if schema != SCHEMA:
        raise BaselineError(
            f"{path} has schema {schema!r}, this version of pytest-llmops reads {SCHEMA}. Use the version that "
            "wrote it, or record anew; it was not changed."
        )
    try:
        return _run(document, path)
    except KeyError as error:
        raise _broken(path, f"{error} is missing") from error
    except (TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise _broken(path, str(error)) from error


def _broken(path: Path, what: str) -> BaselineError:
    return BaselineError(
        f"{path} is damaged: {what}. Restore it from version control, or delete it and accept a new run; it was "
        "not changed."
    )


def _document(run: BaselineRun) -> dict[str, Any]:
    accepted = run.accepted and {
        "reason": run.accepted.reason,
        "by": run.accepted.by,
        "at": run.accepted.at.isoformat(),
        "commit": run.accepted.commit,
        "from": run.accepted.source,
        **({"replaces": run.accepted.replaces} if run.accepted.replaces else {}),
        **({"forced": True} if run.accepted.forced else {}),
    }
    return {
        "machine_info": {"host_class": run.host_class, "cpu": run.cpu, "python_version": run.python_version},
        "commit_info": {
            "id": run.commit or "unversioned", "time": None, "author_time": None, "dirty": False,
            "project": run.target, "branch": "(unknown)",
        },
        "benchmarks": [_benchmark(one) for one in run.recordings if one.metric.series.values],
        "datetime": run.recorded.isoformat(),
        "version": "5.2.0",  # of pytest-benchmark's format, not of the installed package
        "llmops": {
            "schema": SCHEMA, "target": run.target, "recorded": run.recorded.isoformat(), "accepted": accepted,
        },
    }  # fmt: skip


def _benchmark(recording: Recording) -> dict[str, Any]:
    from pytest_benchmark.stats import Stats

    series = recording.metric.series
    stats = Stats()  # type: ignore[no-untyped-call]
    stats.data = [_digits(value, 4) for value in series.values]
    numbers = stats.as_dict()  # type: ignore[no-untyped-call]
    prompts = list(dict.fromkeys(series.prompts))
    place = {prompt: i for i, prompt in enumerate(prompts)}
    return {
        "group": recording.metric.name,  # so that pytest-benchmark compares a metric with itself
        "name": recording.metric.name,
        "fullname": f"{recording.check}::{recording.metric.name}",
        "params": None,
        "param": None,
        "extra_info": {
            "unit": recording.metric.unit,
            "prompts": prompts,
            "prompt_index": [place[prompt] for prompt in series.prompts],
            "failures": series.failures,
            "fingerprint": dict(recording.fingerprint),
            "beside": dict(recording.beside),
        },
        "options": {},
        "stats": {**{key: _digits(number, 6) for key, number in numbers.items()}, "data": stats.data, "iterations": 1},
    }


def _digits(number: Any, digits: int) -> Any:
    """A float with so many significant digits; anything else as it is."""
    return float(f"{number:.{digits}g}") if isinstance(number, float) else number


def _compact(document: dict[str, Any]) -> str:
    """One line per top-level key and per metric: small, and a change shows in a diff where it was made."""
    lines = []
    for key, value in document.items():
        said = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if key == "benchmarks":
            said = (
                "[\n  " + ",\n  ".join(json.dumps(one, ensure_ascii=False, allow_nan=False) for one in value) + "\n ]"
            )
        lines.append(f" {json.dumps(key)}: {said}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _run(document: dict[str, Any], path: Path) -> BaselineRun:
    ours, machine = document["llmops"], document["machine_info"]
    accepted = ours["accepted"] and Acceptance(
        reason=ours["accepted"]["reason"],
        by=ours["accepted"]["by"],
        at=datetime.fromisoformat(ours["accepted"]["at"]),
        commit=ours["accepted"]["commit"],
        source=ours["accepted"]["from"],
        replaces=int(ours["accepted"].get("replaces", 0)),
        forced=bool(ours["accepted"].get("forced", False)),
    )
    commit = document["commit_info"]["id"]
    return BaselineRun(
        target=text(ours, "target"),
        recorded=datetime.fromisoformat(ours["recorded"]),
        host_class=text(machine, "host_class"),
        cpu=text(machine, "cpu"),
        python_version=text(machine, "python_version"),
        commit="" if commit == "unversioned" else commit,
        recordings=tuple(_recording(benchmark) for benchmark in document["benchmarks"]),
        accepted=accepted,
        path=path,
    )


def _recording(benchmark: dict[str, Any]) -> Recording:
    name, extra = text(benchmark, "name"), benchmark["extra_info"]
    values = tuple(float(value) for value in benchmark["stats"]["data"])
    if any(index < 0 for index in extra["prompt_index"]):
        raise ValueError(f"{name} has a prompt index below 0")
    prompts = tuple(extra["prompts"][index] for index in extra["prompt_index"])
    series = Series(values, prompts, int(extra["failures"]))
    for place, value in enumerate(values, 1):
        if not ((value > 0 or (series.once and value == 0)) and math.isfinite(value)):
            raise ValueError(f"value {place} of {name} is {value:g}")
    return Recording(
        check=benchmark["fullname"].removesuffix(f"::{name}"),
        metric=Metric(name, text(extra, "unit"), series),
        fingerprint=dict(extra["fingerprint"]),
        beside=dict(extra["beside"]),
    )
