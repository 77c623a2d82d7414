"""How often the gate of golden datasets is wrong: 60 cases, three repeats, at every strength of likeness.

    python benchmarks/pass_rate.py [--trials 4000]      # some twenty seconds

Cases are made up, each with its own chance of passing: all the same (likeness 0), spread by a beta distribution, or
passing always or never (likeness 1: repeats that never differ, as at temperature 0). Likeness is the correlation of two
answers to one case. What is judged goes through the shipped code; the other methods stand here alone. Exit status 1
where a goal is missed.
"""

from __future__ import annotations

import argparse
import math
import sys
import time

import numpy as np
from scipy.special import betaincinv, stdtrit

from pytest_llmops.judge.pass_change import pass_change
from pytest_llmops.judge.pass_gate import PassRule, judge_passes
from pytest_llmops.judge.pass_rate import CaseRuns, clustered
from pytest_llmops.samples.wilson import interval

CASES, REPEATS, WANTED = 60, 3, 0.90
LIKENESS = (0.0, 0.1, 0.3, 0.5, 0.8, 1.0)
Z, T = 1.6449, float(stdtrit(CASES - 1, 0.95))
RESAMPLED = 500

FALSE_ALARMS, FOUND = 0.01, 0.95


def difficulties(rng, rate, likeness, trials):
    """Each case's chance of passing; shape (trials, CASES)."""
    if likeness == 0:
        return np.full((trials, CASES), rate)
    if likeness == 1:
        return (rng.random((trials, CASES)) < rate).astype(float)
    weight = (1 - likeness) / likeness
    return rng.beta(rate * weight, (1 - rate) * weight, size=(trials, CASES))


def drawn(rng, rate, likeness, trials):
    """Passes of each case, shape (runs, CASES), and how likely each run is: of likeness 1 all that there are."""
    if likeness == 1:
        passing = np.arange(CASES + 1)
        chances = [math.comb(CASES, k) * rate**k * (1 - rate) ** (CASES - k) for k in range(CASES + 1)]
        return REPEATS * (np.arange(CASES) < passing[:, None]), chances
    return rng.binomial(REPEATS, difficulties(rng, rate, likeness, trials)), [1 / trials] * trials


def methods():
    """Each from passes, shape (CASES,), and what the shipped code makes of them, to its upper limit."""
    weights = np.random.default_rng(3).multinomial(CASES, [1 / CASES] * CASES, size=RESAMPLED) / CASES
    return {
        "ours": lambda _passes, found: found.high,
        "calls": lambda passes, _found: interval(float(passes.sum()), float(CASES * REPEATS), Z)[1],
        "Jeffreys": lambda _passes, found: beta_limit(found, 0.5),
        "Clopper": lambda _passes, found: beta_limit(found, 1.0),
        "t": lambda passes, found: found.value + T * float((passes / REPEATS).std(ddof=1)) / CASES**0.5,
        "bootstrap": lambda passes, _found: float(np.quantile(weights @ (passes / REPEATS), 0.95)),
    }


def beta_limit(found, more):
    """Jeffreys' limit of the effective number with half a pass more, Clopper and Pearson's with a whole one."""
    if found.value == 1:
        return 1.0
    passed, failed = found.value * found.effective, (1 - found.value) * found.effective
    return float(betaincinv(passed + more, failed + 1 - more, 0.95))


def limits(trials):
    """Prints the table of methods; gives the misses of ours."""
    known, missed = methods(), []
    print(f"{CASES} cases, {REPEATS} repeats: the upper one-sided 95 % limit is below {WANTED},")
    print(f"% of {trials} runs; at likeness 1 exactly\n")
    print("true rate  likeness  " + "".join(f"{name:>11}" for name in known))
    for rate, goal in ((0.95, FALSE_ALARMS), (WANTED, None), (0.75, FOUND)):
        for likeness in LIKENESS:
            rng = np.random.default_rng(7)
            made, chances = drawn(rng, rate, likeness, trials)
            found = [clustered(passes, np.full(CASES, REPEATS)) for passes in made]
            shares = {
                name: sum(chance for *one, chance in zip(made, found, chances, strict=True) if upper(*one) < WANTED)
                for name, upper in known.items()
            }
            print(f"{rate:9.2f}  {likeness:8.1f}  " + "".join(f"{100 * one:11.2f}" for one in shares.values()))
            if goal is not None and not (shares["ours"] <= goal if rate > WANTED else shares["ours"] >= goal):
                missed.append(f"a true {rate} at likeness {likeness}: {100 * shares['ours']:.2f} %")
    print(
        f"\nwanted of ours: at .95 (false alarms) <= {100 * FALSE_ALARMS:.0f} %, at .75 (found) >= {100 * FOUND:.0f} %;"
    )
    print(f"at {WANTED}, where nothing is wrong by a hair, 5 % are promised\n")
    return missed


def runs(passes):
    return [CaseRuns(f"case-{at}", int(one), REPEATS) for at, one in enumerate(passes)]


def two_of_three():
    """The whole gate, where a case passes at two of three: computed exactly, for the rate is that of cases alone."""
    print(f"whole gate, at_least 2 of {REPEATS}: it shuts, exactly\n\ntrue rate of cases  shuts")
    shut = []
    for passing in range(CASES + 1):
        passes = [2] * passing + [1] * (CASES - passing)
        shut.append(judge_passes(runs(passes), PassRule(WANTED, at_least=2)).fails)
    missed = []
    for rate, goal in ((0.95, FALSE_ALARMS), (0.75, FOUND)):
        _, chances = drawn(None, rate, 1, 0)
        chance = sum(one for one, is_shut in zip(chances, shut, strict=True) if is_shut)
        print(f"{rate:18.2f}  {100 * chance:5.2f} %")
        if not (chance <= goal if rate > WANTED else chance >= goal):
            missed.append(f"at least two of three, a true {rate}: {100 * chance:.2f} %")
    return missed


def against_accepted(trials):
    """One accepted run, the same cases again; then with so many fewer that pass."""
    print(f"\nagainst one accepted run of .95, % of {trials} runs\n\nnow   likeness  regression  improvement  ok")
    missed = []
    for now, goal in ((0.95, FALSE_ALARMS), (0.75, FOUND)):
        for likeness in LIKENESS:
            rng = np.random.default_rng(13)
            chances = difficulties(rng, 0.95, likeness, trials)
            later = chances * now / 0.95 if likeness < 1 else chances * (rng.random(chances.shape) < now / 0.95)
            states = [
                pass_change([runs(before)], runs(after)).state
                for before, after in zip(rng.binomial(REPEATS, chances), rng.binomial(REPEATS, later), strict=True)
            ]
            red, better, ok = (states.count(one) / trials for one in ("regression", "improvement", "ok"))
            print(f"{now:.2f}  {likeness:8.1f}  {100 * red:10.2f}  {100 * better:11.2f}  {100 * ok:5.1f}")
            if not (red <= goal if now == 0.95 else red >= goal):
                missed.append(f"against .95, {now} at likeness {likeness}: {100 * red:.2f} %")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=4000)
    trials = parser.parse_args().trials
    began = time.monotonic()
    missed = [*limits(trials), *two_of_three(), *against_accepted(trials // 4)]
    print(f"\n{time.monotonic() - began:.0f} s")
    for one in missed:
        print(f"missed: {one}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
