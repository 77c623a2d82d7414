"""How often a creep is found, how far its first bad run is off, and how often quiet runs raise an alarm.

    python benchmarks/creep.py [trials]

Each trial is a series of runs that is looked at after every one of them, as ``llmops`` does. Between-run noise is
lognormal. Prints a table of Markdown.
"""

from __future__ import annotations

import sys
from statistics import median

import numpy as np

from pytest_llmops.judge.creep import Creep, creep

QUIET, RUNS, CREEP = 30, 10, 0.015
NOISES = (0.01, 0.02, 0.03, 0.05)


def looked(values: np.ndarray) -> tuple[int, Creep] | None:
    """After how many runs it was found first, and what was found."""
    for count in range(1, len(values) + 1):
        if found := creep(values[:count].tolist()):
            return count, found
    return None


def quiet(noise: float, trials: int, seed: int) -> float:
    """% of series of thirty quiet runs with any alarm."""
    draw = np.random.default_rng(seed)
    series = np.exp(draw.normal(0, noise, (trials, QUIET)))
    return 100 * sum(looked(one) is not None for one in series) / trials


def planted(noise: float, level: int, runs: int, trials: int, seed: int) -> tuple[float, float, float]:
    """% found within so many runs of a creep after so many level ones; of these % within two, and the median error."""
    draw, off = np.random.default_rng(seed), []
    for _ in range(trials):
        rise = np.concatenate([np.zeros(level), np.arange(runs)])
        values = np.exp(draw.normal(0, noise, level + runs) + rise * np.log1p(CREEP))
        if found := creep(values.tolist()):
            off.append(abs(found.first - (level + 1 if level else 1)))
    within = 100 * sum(one <= 2 for one in off) / len(off) if off else float("nan")
    return 100 * len(off) / trials, within, median(off) if off else float("nan")


def main(trials: int = 1000) -> None:
    """Print the table."""
    print("| noise | false alarms in 30 quiet runs | creep of | found | first bad run within 2 | median off |")
    print("|---|---|---|---|---|---|")
    for noise in NOISES:
        alarms = quiet(noise, trials, 1)
        for level, runs in ((0, 10), (0, 15), (10, 10), (10, 15)):
            found, within, off = planted(noise, level, runs, trials // 2, 2)
            after = f"{runs} runs after {level}" if level else f"{runs} runs"
            print(
                f"| {noise:.0%} | {alarms:.2f} % | {after} | {found:.0f} % | {within:.0f} % | {off:.0f} |", flush=True
            )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
