"""Rows 1 to 9: which cells answer which goal."""

from __future__ import annotations

from benchmarks.verdict_figures.cells import BASELINE_CALLS, Cell
from benchmarks.verdict_figures.goals import Asked, Goal
from benchmarks.verdict_figures.models import MODELS

AT_FIRST = {"typical": 30, "mean": 30, "p95": 60}
LATER = {"typical": 120, "mean": 120, "p95": 240}

UNCHANGED = ((0, 0.0), (1, 0.03), (1, 0.05), (5, 0.05))
"""Row 1: interleaved, or stored with so many runs and such an offset between them."""


def every_model(**situation: object) -> tuple[Cell, ...]:
    return tuple(Cell(model, **situation) for model in MODELS)  # type: ignore[arg-type]


def asked() -> list[Asked]:
    return [*_unchanged(), *_slightly_slower(), *_found(), *_stored(), *_called_ok(), *_tails()]


def _unchanged() -> list[Asked]:
    lines = []
    for metric, first in AT_FIRST.items():
        cells = [
            cell
            for runs, tau in UNCHANGED
            for sigma in (0.3, 0.6)
            for calls in (first, LATER[metric])
            for cell in every_model(metric=metric, calls=calls, stored=runs, tau=tau, sigma=sigma)
        ]
        lines.append(Asked(1, f"no change, tau <= 5 %: {metric} alarms", Goal(0.005), "regression", tuple(cells)))
    for metric, first in AT_FIRST.items():
        cells = [
            cell
            for runs in (5, 10)
            for calls in (first, LATER[metric])
            for cell in every_model(metric=metric, calls=calls, stored=runs, tau=0.10)
        ]
        lines.append(
            Asked(2, f"no change, tau 10 %, K = 5, 10: {metric} alarms", Goal(0.02), "regression", tuple(cells))
        )
    return lines


def _slightly_slower() -> list[Asked]:
    return [
        Asked(
            3,
            f"+10 %, interleaved, {'adaptive' if not calls else '30 calls'}: {metric} alarms",
            Goal(0.035),
            "regression",
            tuple(cell for s in (0.3, 0.6) for cell in every_model(metric=metric, calls=calls, sigma=s, factor=1.1)),
        )
        for metric in ("typical", "mean")
        for calls in (30, 0)
    ]


def _found() -> list[Asked]:
    lines = []
    for metric, pooled in (("typical", False), ("mean", True)):
        for factor, goal in ((1.5, 0.85), (2.0, 0.99)):
            cells = every_model(metric=metric, calls=30, factor=factor)
            lines.append(_detection(4, "30 calls", metric, factor, goal, cells, pooled=pooled))
        for row, sigma, goals in ((5, 0.3, {1.3: 0.95, 1.5: 0.99}), (6, 0.6, {1.3: 0.70, 1.5: 0.98})):
            for factor, goal in goals.items():
                cells = every_model(metric=metric, sigma=sigma, factor=factor)
                lines.append(_detection(row, "adaptive", metric, factor, goal, cells, sigma=sigma, pooled=pooled))
        still = every_model(metric=metric)
        what = f"no change, adaptive, sigma .3: {metric}"
        lines += [
            Asked(5, f"{what} inconclusive", Goal(0.01), "inconclusive", still, pooled=pooled),
            Asked(5, f"{what} calls an arm", Goal(50, percent=False), "calls", still, pooled=pooled),
        ]
    return lines


def _detection(
    row: int,
    how: str,
    metric: str,
    factor: float,
    goal: float,
    cells: tuple[Cell, ...],
    *,
    sigma: float = 0.3,
    pooled: bool,
) -> Asked:
    case = f"+{round(100 * factor - 100)} %, interleaved, {how}, sigma {sigma:g}: {metric} found"
    return Asked(row, case, Goal(goal, at_most=False), "regression", cells, pooled=pooled)


def _stored() -> list[Asked]:
    lines = []
    for baseline_calls in (BASELINE_CALLS, 30):
        for runs, factor, goal in ((1, 1.5, 0.88), (5, 1.3, 0.60), (5, 1.5, 0.98)):
            case = (
                f"+{round(100 * factor - 100)} %, stored K = {runs} of {baseline_calls} calls, tau 5 %: typical found"
            )
            target = Goal(goal if baseline_calls == BASELINE_CALLS else None, at_most=False)
            cells = every_model(stored=runs, tau=0.05, factor=factor, baseline_calls=baseline_calls)
            lines.append(Asked(7, case, target, "regression", cells))
    return lines


def _called_ok() -> list[Asked]:
    return [
        Asked(
            8,
            f"+30 %, adaptive, sigma {sigma:g}: {metric} called ok",
            Goal(goal),
            "ok",
            tuple(
                cell
                for runs, tau in ((0, 0.0), (1, 0.05), (5, 0.05))
                for cell in every_model(metric=metric, stored=runs, tau=tau, sigma=sigma, factor=1.3)
            ),
            gate="quiet",
        )
        for metric in ("typical", "mean")
        for sigma, goal in ((0.3, 0.01), (0.6, 0.03))
    ]


def _tails() -> list[Asked]:
    cells = every_model(metric="p95", factor=1.5)
    tail = every_model(metric="p95", factor=1.5, tail_only=True)
    return [
        Asked(9, "+50 %, interleaved, adaptive <= 480: p95 found", Goal(0.98, at_most=False), "regression", cells),
        Asked(9, "the slowest tenth +50 %, the same: p95 found", Goal(0.95, at_most=False), "regression", tail),
        Asked(9, "no change, the same: p95 alarms", Goal(0.005), "regression", every_model(metric="p95")),
        Asked(
            9, "no change, the same: p95 calls an arm", Goal(None, percent=False), "calls", every_model(metric="p95")
        ),
    ]
