"""The fixtures that ask, measure, judge and write: what a test does with the endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from pytest_llmops.plugin.ours import CHECK

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.plugin.loading import LoadRun
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History
    from pytest_llmops.samples import Workload


@pytest.fixture(scope="session")
def prompts(_llmops: Run) -> Workload:
    """The target's workload: prompts with ids, so that runs can be compared prompt by prompt."""
    return _llmops.target.workload


@pytest.fixture
def traffic(_llmops: Run) -> Traffic:
    """One round of the target's questions through ``api``, asked once a run: ``questions known pages audited``.

    Many checks read it, and none asks again: a question may take seconds and cost money. All questions are asked where
    the service is quick, the first five where they take more than a second each. A question that fails is part of the
    round; whoever reads its ``reply`` fails with it. After the run's changes there is another round, for the tests that
    look at what these came to.

    Example:
        def test_error_rate(traffic, record):
            record.figure("api_error_rate", during=traffic)

        def test_answers_are_short(traffic):
            assert all(len(question.reply.text) < 500 for question in traffic.questions)
    """
    from pytest_llmops.clients.traffic import round_of

    return round_of(cast("Api", _llmops.own.serving("api")), _llmops.target.workload, _llmops.once)


@pytest.fixture(scope="session")
def figures(_llmops: Run) -> Figures:
    """Numbers of the target, each read from where its table ``figures.NAME`` says: ``read() shares()``.

    ``read`` gives value, unit, source and time. Most tests want ``record.figure(NAME)``, which also judges it.

    Example:
        def test_memory_is_of_this_minute(figures):
            assert time.time() - figures.read("memory_usage").at < 60

        def test_cpu_usage(record):
            record.figure("cpu_usage")
    """
    return _llmops.figures


@pytest.fixture(scope="session")
def history(_llmops: Run) -> History:
    """What earlier runs on the target recorded, over time: ``values() growth() all_growth() age() runs() sign_offs()``.

    ``untold_growth()`` says of which metrics ``all_growth()`` tells none, and why. Also pages of Markdown for
    ``documents``: ``growth_report() usage_report() pattern_report()``. A trend is Theil and Sen's line with its
    interval; what was not recorded, or not often enough, is *vacuous*. An embedded target whose profile has a
    ``[sandbox.past]`` has that past, in the run directory; it is never mixed with yours.

    Example:
        def test_the_collection_does_not_fill_the_plan(history, vectors, record):
            growth = history.growth("collection_points", now=vectors.collection().points)
            record("collection_points_per_month", growth.per_month, "points")
    """
    from pytest_llmops.plugin.earlier import place_for
    from pytest_llmops.report.over_time import History

    return History(_llmops.declared, place_for(_llmops))


@pytest.fixture(scope="session")
def lint(_llmops: Run) -> Lint:
    """What can say nothing on this system, looked into once a run; and what watches it, held against its runbook.

    ``findings untrue of() unknown() meant()``: rules that cannot fire or fire always, metrics that never move, scrape
    jobs that are always down, panels that draw nothing, commands that cannot work, rows of a table that no job fills.
    ``meant`` makes a check *vacuous* where one of them was found. ``rule() job() setup() untold() firing()
    strangers()`` ask Prometheus now. All findings stand in ``run.json`` under ``vacuous``, and in the summary.

    Example:
        def test_the_rule_about_errors(prometheus, lint):
            rule = lint.rule("HighErrorRate")
            assert not rule.differs
            lint.meant("rule", "HighErrorRate")
            assert not rule.mistaken
    """
    from pytest_llmops.clients.traffic import FEW
    from pytest_llmops.errors import Unreachable
    from pytest_llmops.operate.lint import look
    from pytest_llmops.operate.monitoring import Lint

    own = _llmops.own

    def reach(component: str) -> Client | None:
        if component not in own.declared.table.components.configured():
            return None
        try:
            return own.reached(component)
        except Unreachable:
            return None

    def ask() -> None:
        name = own.declared.table.components.serving("api")
        if name is not None:
            cast("Api", own.client(name)).ask_all([*own.target.workload][:FEW])

    fact = own.directory.once("lint", lambda: look(own.target, reach, own.ledger, _llmops.say))
    return Lint(own.target, fact, cast("Prometheus | None", reach("prometheus")), own.ledger, _llmops.say, ask)


@pytest.fixture
def measure(_llmops: Run, request: pytest.FixtureRequest) -> Measure:
    """Time calls, compare with thresholds and stored baselines, and fail the test if they do not hold.

    ``measure(name, client, call, *, prompts, check=True)`` makes the calls itself: a warm-up, 30 calls, more only while
    the verdict is open and the budget lasts, and a second run before it says *regression*. Failed calls never enter
    latency; they are the error rate. ``check=False`` returns the measurement without failing the test.

    Under ``--llmops-against NAME`` each call is made in turns on both deployments, in random order, and judged against
    the other's: ``call`` is handed the client of the same component there. So ``call`` must use the client that it is
    handed, not the fixture; whatever else it closes over (the prompts, a vector) is the same for both.

    Example:
        def test_generation_latency(measure, llm, prompts):
            measure("generation_latency", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)
    """
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.this_test import ThisTest

    return Measure(ThisTest.asking(_llmops, request))


@pytest.fixture
def load_run(_llmops: Run, request: pytest.FixtureRequest) -> LoadRun:
    """Send load to a component and judge what comes back: ``load_run(name, client, rate=…, seconds=…)``.

    The calls arrive when they are due (open loop), whatever has become of those before; ``stages`` change their rate,
    and ``concurrency=N`` is the closed loop. Metrics NAME (from when a call was due), NAME.ttft, NAME.tpot and
    NAME.error_rate are judged as those of ``measure`` are, by thresholds and against accepted runs of the same shape;
    NAME.service (from when it was sent), NAME.rate, NAME.goodput, NAME.delay by thresholds alone. A run in which the
    generator was waited for is *void*. It sends from processes of its own, runs alone, and stops where half of the
    calls fail or the target is not well. ``shape`` and ``workload`` name what the target's ``load`` table has,
    ``beside`` figures that are looked at meanwhile. ``load_run.capacity(name, client, start=…)`` finds the highest rate
    at which the thresholds of NAME hold, ``load_run.until_it_breaks(name, client)`` that at which its rule of giving up
    comes up. In production a test that asks for it is disruptive.

    Example:
        def test_sustained_load(load_run, api):
            load_run("sustained_load", api, route="query", rate=2, seconds=20)
    """
    from pytest_llmops.plugin.loading import LoadRun
    from pytest_llmops.plugin.this_test import ThisTest

    return LoadRun(ThisTest.asking(_llmops, request))


@pytest.fixture
def record(_llmops: Run, request: pytest.FixtureRequest) -> Record:
    """Judge one live value by the target's thresholds and keep it in the report: ``record(name, value, unit="")``.

    ``record.figure(name)`` reads the value, too, from where the target's ``figures.NAME`` says. A breach fails the test
    there and then; within ``with record.to_the_end():`` it does so once all of the rest is recorded, too.
    ``record.rise(NAME, steps)`` is by how much a figure surely rises with a step, as a leak does;
    ``record.spread(NAME, last_s)`` its mean and its peak over a time, by Prometheus' memory;
    ``record.statistics(NAME, values)`` mean and percentiles of several values, and ``record.shift(NAME, before, now)``
    by how many % their mean has surely become worse since the period before.

    Example:
        def test_cpu_usage(record):
            record.figure("cpu_usage")

        def test_enough_models(llm, record):
            record("model_count", len(llm.models()), "models")
    """
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.this_test import ThisTest

    return Record(ThisTest.asking(_llmops, request))


@pytest.fixture
def documents(_llmops: Run, request: pytest.FixtureRequest) -> Documents:
    """What a step writes for people: ``write(name, text)`` and ``read(path)``, without any secret.

    Each lies below ``<reports>/documents/<target>/`` with its time in its name, is never written over, and stands in
    ``run.json``. ``read`` gives back what stands there, parsed where it is JSON or TOML; a document that is empty or
    does not parse fails the test.

    Example:
        def test_daily_summary(documents, api):
            summary = documents.write("daily-summary.md", f"The service is {api.health().reason or 'healthy'}.")
            assert documents.read(summary)
    """
    from pytest_llmops.report.documents import Documents

    written = request.node.stash[CHECK].documents.append
    return Documents(_llmops.report_folder, _llmops.declared.name, _llmops.redactor, written)
