"""CPU that an unrelated project's pytest run costs: with our plugin and without it, bare and with everything installed.

    python benchmarks/plugin_cost.py [rounds]

All variants run in turns, in random order within each round, so that the machine's noise meets them alike. CPU is user
and system time of the whole pytest process. Our plugin alone is the difference of the first pair, taken round by round.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

VARIANTS = {
    "full install": ([], {}),
    "full install, -p no:llmops": (["-p", "no:llmops"], {}),
    "bare pytest": ([], {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}),
    "bare pytest and our plugin": (["-p", "pytest_llmops.plugin"], {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}),
}
SKIPPABLE = ["-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:locust", "-p", "no:allure_pytest"]
VARIANTS["full install, the README's -p no: flags"] = (SKIPPABLE, {})


def cpu_s(folder: Path, options: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options],
        cwd=folder,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    taken: dict[str, list[float]] = {name: [] for name in VARIANTS}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "test_unrelated.py").write_text("def test_sum():\n    assert 1 + 1 == 2\n")
        for round_number in range(rounds + 1):  # the first fills the byte code caches and is dropped
            for name in random.sample(list(VARIANTS), len(VARIANTS)):
                seconds = cpu_s(folder, *VARIANTS[name])
                if round_number:
                    taken[name].append(seconds)
    for name, seconds in taken.items():
        print(f"{name:<40} {1000 * median(seconds):7.1f} ms CPU   (lowest {1000 * min(seconds):.1f})")
    for loaded, unloaded in (
        ("full install", "full install, -p no:llmops"),
        ("bare pytest and our plugin", "bare pytest"),
        ("full install", "bare pytest"),
    ):
        pairs = [a - b for a, b in zip(taken[loaded], taken[unloaded], strict=True)]
        print(f"{loaded!r} adds {1000 * median(pairs):6.1f} ms to {unloaded!r}, median of {len(pairs)} pairs")


if __name__ == "__main__":
    main()
