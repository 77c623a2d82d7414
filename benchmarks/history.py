"""How long the commands take that ask the history, with a million rows of checks and metrics in it.

    python benchmarks/history.py [--rows 1000000] [--only sqlite|postgresql]

Fills SQLite, and PostgreSQL where it is installed (a private cluster, started as its own user and removed at the end),
runs each command as a process of its own, and times the writing of one run. Exits 1 where a command takes longer than
its goal.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from pytest_llmops.procedures import catalogue
from pytest_llmops.state.history.connecting import write
from pytest_llmops.state.history.place import place_of
from pytest_llmops.state.history.rows import carried_rows, check_rows, metric_rows, run_row
from pytest_llmops.state.history.tables import CARRIED, CHECKS, METRICS, RUNS
from pytest_llmops.state.history.writing import keep
from pytest_llmops.target.load import load

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "integration"))
from private_postgresql import PASSWORD, Cluster, installed

GOAL_S = 1.0
ROUNDS = 5
TARGETS = ("production", "staging", "development")
CHECKS_OF_RUN, METRICS_OF_CHECK = 40, 2  # 120 rows a run
OUTCOMES = ("passed",) * 17 + ("failed", "skipped", "error")
BATCH = 400  # runs
COMMANDS = (
    ("procedures",),
    ("procedures", "--due"),
    ("procedures", "--json"),
    ("history",),
    ("history", "--suite", "daily", "--limit", "50"),
    ("history", "--outcome", "failed"),
    ("history", "--check", "*check_7*", "--since", "30d"),
    ("history", "--metric", "latency_7", "--until", "300d"),
    ("history", "--procedure", "morning-health", "--outcome", "error"),
)
FILE = """
default_target = "production"
[history]
url = "{url}"
{secret}
{targets}
"""
TARGET = """
[targets.{name}]
system = "voyageur"
components.openai.url = "http://127.0.0.1:9"
"""


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--rows", type=int, default=1_000_000)
    words.add_argument("--only", choices=("sqlite", "postgresql"))
    given = words.parse_args()
    missed = 0
    with ExitStack() as held:
        if given.only != "postgresql":
            missed += measured("SQLite", "sqlite:///history.db", given.rows, held)
        if given.only != "sqlite" and installed():
            cluster = Cluster()
            held.callback(cluster.end)
            missed += measured("PostgreSQL", cluster.url("benchmark"), given.rows, held)
    return 1 if missed else 0


def measured(name, url, rows, held):
    folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="llmops-history-")))
    os.environ["LLMOPS_BENCHMARK_PASSWORD"] = PASSWORD
    secret = "" if url.startswith("sqlite") else 'password_env = "LLMOPS_BENCHMARK_PASSWORD"'
    targets = "".join(TARGET.format(name=target) for target in TARGETS)
    (folder / "llmops.toml").write_text(FILE.format(url=url, secret=secret, targets=targets))
    place = place_of(load(folder / "llmops.toml", None, folder))
    start = time.perf_counter()
    runs = filled(place, rows)
    print(f"\n{name}: {runs} runs, {rows} rows of checks and metrics, filled in {time.perf_counter() - start:.0f} s")
    print(f"{'':58}{'median':>10}{'best':>10}{'cpu':>10}{'goal':>10}")
    missed = sum(line(" ".join(("llmops", *words)), *timed(folder, words), GOAL_S) for words in COMMANDS)
    like = [result(time.time(), number, "production") for number in range(ROUNDS)]
    writing = [once(partial(keep, place, one)) for one in like]
    line("one run written (of a process that runs already)", statistics.median(writing), min(writing), None, None)
    return missed


def line(said, median_s, best_s, cpu_s, goal_s):
    seconds = "".join(f"{value:8.2f} s" if value is not None else "" for value in (median_s, best_s, cpu_s, goal_s))
    late = goal_s is not None and median_s > goal_s
    print(f"{said:58}{seconds}{'  MISSED' if late else ''}", flush=True)
    return late


def timed(folder, words):
    """Median and best wall seconds of a whole command, and the median of its CPU seconds."""
    command = [sys.executable, "-c", "from pytest_llmops.cli import main; main()", *words]

    def run():
        before = os.times()
        wall = once(lambda: subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL))
        after = os.times()
        return wall, after.children_user + after.children_system - before.children_user - before.children_system

    run()
    found = [run() for _ in range(ROUNDS)]
    walls = [wall for wall, _ in found]
    return statistics.median(walls), min(walls), statistics.median(cpu for _, cpu in found)


def once(act):
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def result(started, number, target):
    """A run as in run.json: forty checks, of which each binds a procedure and has two metrics."""
    ids = [one for one in catalogue() if one.startswith("voyageur.")]
    checks = []
    for index in range(CHECKS_OF_RUN):
        outcome = OUTCOMES[(number * 7 + index * 3) % len(OUTCOMES)]
        metrics = [
            {
                "name": f"{kind}_{index}", "unit": "s", "value": 0.1, "baseline": 0.1, "ratio": 1.0,
                "low": 0.9, "high": 1.1, "n": 30, "state": "ok", "suspect": False, "threshold": {"warning": "> 3 s"},
            }
            for kind in ("latency", "error_rate")[:METRICS_OF_CHECK]
        ]  # fmt: skip
        checks.append(
            {
                "test": f"daily/test_it.py::test_check_{index}", "suite": "daily", "section": "Morning",
                "outcome": outcome, "category": "", "severity": "", "duration_s": 1.0,
                "reason": "" if outcome == "passed" else "it is not well " * 5,
                "procedures": [ids[index]], "metrics": metrics,
            }
        )  # fmt: skip
    return {
        "id": os.urandom(16).hex(), "version": "0", "target": target, "profile": "none", "environment": "staging",
        "against": None, "started": started, "duration_s": 60.0, "exit_status": 0,
        "spent": {"requests": 100, "tokens": 1000, "seconds": 30.0}, "checks": checks,
    }  # fmt: skip


def filled(place, rows):
    """A year of runs, in their order; the rows of one are written as those of all its like."""
    count = rows // (CHECKS_OF_RUN * (1 + METRICS_OF_CHECK))
    now, like = time.time(), {}
    write(place, lambda _: None)
    for first in range(0, count, BATCH):
        tables = {table: [] for table in (RUNS, CHECKS, METRICS, CARRIED)}
        for number in range(first, min(first + BATCH, count)):
            kind = (number % len(OUTCOMES), TARGETS[number % len(TARGETS)])
            if kind not in like:
                made = result(0.0, number, kind[1])
                like[kind] = {
                    RUNS: [run_row(made)], CHECKS: check_rows(made, 0), METRICS: metric_rows(made, 0),
                    CARRIED: carried_rows(made, 0),
                }  # fmt: skip
            started = now - 365 * 86400 * (1 - number / count)
            for table, given in like[kind].items():
                own = {"number": number + 1, "id": f"{number:032x}"} if table is RUNS else {"run": number + 1}
                tables[table] += [{**row, **own, "started": started} for row in given]
        write(place, lambda connection, tables=tables: [put(connection, *one) for one in tables.items()])
    if not place.file:
        move = "SELECT setval(pg_get_serial_sequence('llmops_runs', 'number'), (SELECT max(number) FROM llmops_runs))"
        write(place, lambda connection: connection.exec_driver_sql(move))
    return count


def put(connection, table, rows):
    """Many rows at once: PostgreSQL's COPY, or one statement for all."""
    columns = list(rows[0])
    if connection.dialect.name == "postgresql":
        statement = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN"
        with connection.connection.driver_connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row([row[name] for name in columns])
        return
    places = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})"
    connection.exec_driver_sql(statement, [tuple(row.values()) for row in rows])


if __name__ == "__main__":
    sys.exit(main())
