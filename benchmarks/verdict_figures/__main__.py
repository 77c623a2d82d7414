"""The verdict's figures, measured anew: every row of the table that the rule has to reach.

    python -m benchmarks.verdict_figures [--quick] [rows...]

Simulated latencies of six models go through the shipped ``judge_samples``, ``judge_failures`` and ``Looks``. Beside,
the naive gate, ``mean, median or p95 ratio > 1.20``, sees the same values (of an adaptive row those of the first look).
A line passes if the goal holds for all its cells together, and no single cell clearly (99 %) misses it; of the mean,
which is rarely primary and which heavy tails hurt, only for all models together. Exit status 1 if a line fails.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from multiprocessing import get_context

from benchmarks.verdict_figures.cells import Cell, Counts
from benchmarks.verdict_figures.jobs import SPECIAL, job
from benchmarks.verdict_figures.rows import asked
from benchmarks.verdict_figures.table import show

TRIALS, QUICK = 700, 70


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} trials a cell in place of {TRIALS}")
    parser.add_argument("rows", nargs="*", type=int, help="of the table, 1 to 13; all without")
    options = parser.parse_args()
    rows, trials = set(options.rows or range(1, 14)), QUICK if options.quick else TRIALS
    began = time.monotonic()
    questions = [question for question in asked() if question.row in rows]
    cells = list(dict.fromkeys(cell for question in questions for cell in question.cells))
    names = [name for row in sorted(rows) for name in SPECIAL.get(row, [])]
    with get_context("spawn").Pool(initializer=os.nice, initargs=(10,)) as pool:
        # The costly first: whole runs, then what is adaptive, so that no process is left alone with them at the end.
        tasks = sorted([*names, *cells], key=lambda task: isinstance(task, Cell) and 1 + bool(task.calls))
        answers = {}
        for task, answer in zip(tasks, pool.imap(job, [(task, trials) for task in tasks]), strict=True):
            answers[task] = answer
            if sys.stderr.isatty():
                last = len(answers) == len(tasks)
                print(f"\r{len(answers)} of {len(tasks)} cells", end="\n" if last else "", file=sys.stderr, flush=True)
    played = {task: answer for task, answer in answers.items() if isinstance(answer, Counts)}
    lines = [line for answer in answers.values() if isinstance(answer, list) for line in answer]
    lines += [question.measured(played) for question in questions]
    show(lines)
    missed = [line for line in lines if not line.passed]
    print(f"\n{len(lines)} lines, {len(missed)} missed their goal; {time.monotonic() - began:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
