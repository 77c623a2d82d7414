"""What node-exporter's textfile collector hands to Prometheus: the last outcome of every check, and its metrics."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from pytest_llmops.errors import NewsError
from pytest_llmops.report.news import WORST
from pytest_llmops.samples import split_statistic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

Labels = tuple[str, ...]
Values = dict[str, dict[Labels, float]]
"""By the family's name, a value for each set of labels."""

OF_TARGET, OF_CHECK = ("target",), ("target", "suite", "check")
OF_METRIC = (*OF_CHECK, "metric", "statistic", "unit")

FAMILIES: dict[str, tuple[Labels, str]] = {
    "llmops_last_run_timestamp_seconds": (OF_TARGET, "End of the last run."),
    "llmops_last_run_duration_seconds": (OF_TARGET, "What it took."),
    "llmops_last_run_exit_status": (OF_TARGET, "What pytest exited with."),
    "llmops_check_success": (OF_CHECK, "1 where the check held when it was last made, 0 where not."),
    "llmops_check_severity": (OF_CHECK, "Of one that did not: 1 minor, 2 normal, 3 critical; 0 where it held."),
    "llmops_check_waived": (OF_CHECK, "1 where somebody answers for its being red."),
    "llmops_check_last_run_timestamp_seconds": (OF_CHECK, "When it was last made."),
    "llmops_check_last_success_timestamp_seconds": (OF_CHECK, "When it last held."),
    "llmops_check_last_failure_timestamp_seconds": (OF_CHECK, "When it last did not hold."),
    "llmops_metric_value": (OF_METRIC, "What was measured last."),
    "llmops_metric_baseline": (OF_METRIC, "The same in the accepted runs."),
    "llmops_metric_ratio": (OF_METRIC, "Times worse than the baseline."),
}
LAST_RUN = "llmops_last_run_timestamp_seconds"
LAST_MADE = "llmops_check_last_run_timestamp_seconds"
READABLE = 0o644
"""Node-exporter is another user."""

TURN_S = 10.0


def write(path: Path, result: Mapping[str, Any], at: float, keep_s: float) -> Path:
    """Write the file in one step; of checks that this run did not make, and of other targets, what was there stays.

    Args:
        path: the file, which node-exporter reads if it ends in ``.prom``.
        result: the run as in ``run.json``, without secrets.
        at: its end, seconds since the epoch.
        keep_s: a check that no run made for so many seconds is forgotten.

    Returns:
        The file.

    Raises:
        NewsError: what is there is not ours, or cannot be read, and is left as it is; or the folder is not there.
        OSError: it cannot be written.
    """
    if not path.parent.is_dir():  # one that we make, nobody reads
        raise NewsError(
            f"{path.parent} is not there; give a file in the folder that node-exporter's "
            "--collector.textfile.directory names."
        )
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=TURN_S)
    try:
        lock.acquire()
    except Timeout:
        raise NewsError(f"{path} is being written by another run; waited {TURN_S:.0f} s.") from None
    try:
        text = exposition(_joined(_read(path), _values(result, at), at - keep_s))
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(text)
        part.chmod(READABLE)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        return part.replace(path)
    finally:
        lock.release()


def exposition(values: Values) -> bytes:
    """The families that have values, in Prometheus' text format."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import GaugeMetricFamily
    from prometheus_client.registry import Collector

    class Outcome(Collector):
        def collect(self) -> Iterator[GaugeMetricFamily]:
            for name, (labels, says) in FAMILIES.items():
                family = GaugeMetricFamily(name, says, labels=labels)
                for words, value in sorted(values.get(name, {}).items()):
                    family.add_metric(words, value)
                if family.samples:
                    yield family

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Outcome())
    return generate_latest(registry)


def _values(result: Mapping[str, Any], at: float) -> Values:
    of_target = (str(result["target"]),)
    found: Values = {
        "llmops_last_run_timestamp_seconds": {of_target: at},
        "llmops_last_run_duration_seconds": {of_target: float(result["duration_s"])},
        "llmops_last_run_exit_status": {of_target: float(result["exit_status"])},
    }
    for check in result["checks"]:
        if check["outcome"] != "skipped":
            words = (*of_target, str(check["suite"]), str(check["test"]))
            for name, value in _of_check(check, at):
                found.setdefault(name, {})[words] = value
            for metric in check["metrics"]:
                for name, value in _of_metric(metric):
                    found.setdefault(name, {})[(*words, *split_statistic(metric["name"]), metric["unit"])] = value
    return found


def _of_check(check: Mapping[str, Any], at: float) -> Iterator[tuple[str, float]]:
    held = check["outcome"] == "passed"
    yield "llmops_check_success", float(held)
    yield "llmops_check_severity", 0.0 if held else float(WORST.get(check["severity"], WORST["normal"]))
    yield "llmops_check_waived", float(check["outcome"] == "waived")
    yield LAST_MADE, at
    yield f"llmops_check_last_{'success' if held else 'failure'}_timestamp_seconds", at


def _of_metric(metric: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key in ("value", "baseline", "ratio"):
        if metric[key] is not None:
            yield f"llmops_metric_{key}", float(metric[key])


def _joined(before: Values, now: Values, oldest: float) -> Values:
    """What is known now, and of what was known before all that still holds."""
    made = now.get(LAST_MADE, {}).keys()
    forgotten = {
        words for family in (LAST_RUN, LAST_MADE) for words, at in before.get(family, {}).items() if at < oldest
    }
    here = {(target, check) for target, _, check in made}  # what is known of one under another suite is over
    forgotten |= {one for one in before.get(LAST_MADE, {}).keys() - made if (one[0], one[2]) in here}
    joined: Values = {}
    for name, (labels, _) in FAMILIES.items():
        gone = forgotten | (made if labels == OF_METRIC else set())  # a metric that is measured no more is no value
        kept = {words: value for words, value in before.get(name, {}).items() if words[: len(OF_CHECK)] not in gone}
        joined[name] = kept | now.get(name, {})
    return joined


def _read(path: Path) -> Values:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _not_ours(path, str(error)) from None
    from prometheus_client.parser import text_string_to_metric_families

    found: Values = {}
    try:
        for sample in _samples(text_string_to_metric_families(text)):
            labels, _ = FAMILIES[sample.name]
            found.setdefault(sample.name, {})[tuple(sample.labels[name] for name in labels)] = sample.value
    except (KeyError, ValueError) as error:
        raise _not_ours(path, f"{type(error).__name__}: {error}") from None
    return found


def _samples(families: Iterable[Any]) -> Iterator[Any]:
    for family in families:
        yield from family.samples


def _not_ours(path: Path, why: str) -> NewsError:
    return NewsError(f"{path} holds something else than our metrics ({why}); give another name, or delete it.")
