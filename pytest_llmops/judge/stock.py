"""A stock pytest-benchmark file, as pytest itself wrote it, as a run that can be accepted."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import BaselineError, did_you_mean
from pytest_llmops.judge.json_file import read_json, text
from pytest_llmops.judge.recording import UNTOLD, BaselineRun, Recording
from pytest_llmops.judge.schedule import MIN_N
from pytest_llmops.samples import Metric, Series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FEWEST = MIN_N["typical"]


class Stock:
    """One file. It is read and never changed.

    Args:
        path: as ``pytest --benchmark-json`` or ``--benchmark-autosave`` wrote it.

    Raises:
        BaselineError: it is missing, damaged, not pytest-benchmark's, or holds no single values.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._document = _read(path)
        try:
            self._benchmarks = [_Benchmark(raw) for raw in self._document["benchmarks"]]
            self._recorded = datetime.fromisoformat(self._document["datetime"])
        except KeyError as error:
            raise BaselineError(f"{path} is damaged: {error} is missing. It was not changed.") from error
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BaselineError(f"{path} is damaged: {error}. It was not changed.") from error
        summarised = [one.name for one in self._benchmarks if not one.values]
        if summarised:
            raise BaselineError(
                f"{path} holds a summary of {', '.join(summarised)}, not the single values, and a verdict needs those. "
                "Record it anew: pytest --benchmark-json=FILE, or with --benchmark-save-data. It was not changed."
            )

    @property
    def names(self) -> list[str]:
        """What its benchmarks are called: their names and their full names."""
        return [name for one in self._benchmarks for name in (one.name, one.fullname)]

    @property
    def left_out(self) -> list[str]:
        """Which benchmarks have too few values for any verdict, as sentences."""
        return [
            f"{one.name} has {len(one.values)} values, and a verdict needs {FEWEST} of every run; "
            f"run it with --benchmark-min-rounds={FEWEST} or more"
            for one in self._benchmarks
            if len(one.values) < FEWEST
        ]

    def run(self, target: str, host_class: str, metrics: Mapping[str, str]) -> BaselineRun:
        """As a run of a target. What the file does not tell is ``UNTOLD``.

        Args:
            target: the target's name, on the user's word.
            host_class: of the machine that measured; empty: as the file tells.
            metrics: what benchmarks are as metrics, by name or full name; others keep their name.

        Raises:
            BaselineError: two benchmarks would be one metric, or none has values enough.
        """
        kind = host_class or self._host_class
        taken: dict[str, Recording] = {}
        for one in self._benchmarks:
            name = metrics.get(one.fullname, metrics.get(one.name, one.name))
            if name in taken:
                raise BaselineError(
                    f"{self.path}: {taken[name].check} and {one.fullname} would both be {name}; "
                    f"tell them apart: --metric {one.fullname}=METRIC."
                )
            if len(one.values) >= FEWEST:
                taken[name] = one.recording(name, _fingerprint(target, kind), self.path.name)
        if not taken:
            raise BaselineError(f"{self.path} holds nothing to compare with: {'; '.join(self.left_out)}.")
        machine, commit = _table(self._document, "machine_info"), _table(self._document, "commit_info").get("id")
        return BaselineRun(
            target=target,
            recorded=self._recorded if self._recorded.tzinfo else self._recorded.replace(tzinfo=UTC),
            host_class=kind,
            cpu=str(_table(machine, "cpu").get("brand_raw", "")),
            python_version=str(machine.get("python_version", "")),
            commit="" if commit in (None, "unversioned") else str(commit),
            recordings=tuple(taken.values()),
            path=self.path,
        )

    @cached_property
    def _host_class(self) -> str:
        """The kind of machine, in the words of a run's own fingerprint."""
        machine = _table(self._document, "machine_info")
        parts = machine.get("system"), machine.get("machine"), _table(machine, "cpu").get("count")
        return "{}-{}-{}cpu".format(*parts).lower() if all(parts) else UNTOLD


class _Benchmark:
    """One entry: its names, and its values in seconds."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.name = text(raw, "name")
        self.fullname = text(raw, "fullname")
        self.iterations = int(raw["stats"].get("iterations", 1))
        self.values = tuple(float(value) for value in raw["stats"].get("data") or ())
        for place, value in enumerate(self.values, 1):
            if not (value > 0 and math.isfinite(value)):
                raise ValueError(f"value {place} of {self.name} is {value:g}")

    def recording(self, name: str, fingerprint: Mapping[str, str | int], source: str) -> Recording:
        beside: dict[str, str | int | float | None] = {"imported": source, "iterations": self.iterations}
        return Recording(self.fullname, Metric(name, "s", Series(self.values)), fingerprint, beside)


def unknown(metrics: Mapping[str, str], files: Sequence[Stock]) -> list[str]:
    """A sentence for each benchmark that is to be a metric, and that no file has."""
    known = list(dict.fromkeys(name for file in files for name in file.names))
    every = f" Benchmarks: {', '.join(known)}."
    lacking = [name for name in metrics if name not in known]
    return [f"no file has a benchmark {name!r}.{did_you_mean(name, known) or every}" for name in lacking]


def _read(path: Path) -> dict[str, Any]:
    try:
        document = read_json(path)
    except FileNotFoundError:
        raise BaselineError(f"there is no file {path}; give one that pytest-benchmark wrote.") from None
    except ValueError as error:
        raise BaselineError(f"{path} is {error}; it was not changed.") from error
    if isinstance(document, dict) and "llmops" in document:
        raise BaselineError(f"{path} is a run of pytest-llmops itself; accept it as it is: llmops baseline accept.")
    if not isinstance(document, dict) or not isinstance(document.get("benchmarks"), list):
        raise BaselineError(
            f"{path} is no file of pytest-benchmark: it has no list of benchmarks. Give what pytest "
            "--benchmark-json=FILE writes; this one was not changed."
        )
    if not document["benchmarks"]:
        raise BaselineError(f"{path} holds no benchmark: none of its tests was timed, or all of them failed.")
    return document


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _fingerprint(target: str, host_class: str) -> dict[str, str | int]:
    """What is known: pytest-benchmark makes one call at a time. The rest is on the word of whoever accepts it."""
    return {
        "target": target,
        "model": UNTOLD,
        "workload": UNTOLD,
        "concurrency": 1,
        "host_class": host_class,
        "measurement_version": UNTOLD,
    }
