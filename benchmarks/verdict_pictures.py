"""The pictures of docs/statistics.md: seeded calls, judged by the shipped rule, drawn as a run draws them.

    python benchmarks/verdict_pictures.py

writes ``docs/pictures/*.svg``. They are kept: the page is read in a repository, too. A test holds them to this.
"""

from pathlib import Path

import numpy as np

from pytest_llmops.judge.verdict import judge_samples
from pytest_llmops.measure.results import Comparison, Result
from pytest_llmops.report.picture import comparison_picture

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"

SCENES = {
    "noise": (0.150, 0.152, 0.15, 30, 1),
    "slower": (0.150, 0.225, 0.15, 30, 1),
    "open": (0.150, 0.190, 0.35, 12, 1),
    "faster": (0.150, 0.100, 0.15, 30, 1),
    "outliers": (0.150, 0.152, 0.15, 30, 5),
}
"""Median before and now in seconds, spread of the logarithm, calls now, how many of the last take thrice as long."""


def calls(rng, median, spread, number):
    return tuple(float(value) for value in np.round(median * np.exp(spread * rng.standard_normal(number)), 6))


def pictures():
    """File name to SVG."""
    return {f"{name}.svg": picture(name, seed) for seed, name in enumerate(SCENES, 7)}


def picture(name, seed):
    rng = np.random.default_rng(seed)
    before, after, spread, number, slow = SCENES[name]
    accepted = [calls(rng, before, spread, 30) for _ in range(5)]
    now = calls(rng, after, spread, number)
    if slow > 1:
        now = (*now[:-slow], *(round(value * 3, 6) for value in now[-slow:]))
    verdict = judge_samples("typical", accepted, [now])
    result = Result(
        "answer_latency", "s", float(np.median(now)), ratio=verdict.ratio, low=verdict.low, high=verdict.high,
        n=number, state=verdict.state, suspect=verdict.suspect,
    )  # fmt: skip
    return comparison_picture([Comparison(result, tuple(np.concatenate(accepted[:2]).tolist()), now)], 1.2)


def main():
    FOLDER.mkdir(exist_ok=True)
    for name, text in pictures().items():
        (FOLDER / name).write_text(text + "\n", encoding="utf-8")
        print(f"{FOLDER.name}/{name}")


if __name__ == "__main__":
    main()
