"""The fixtures that ask, measure, judge and write: what a test does with the endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from pytest_llmops.plugin.ours import CHECK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.plugin.measuring import Measure, Record
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History
    from pytest_llmops.samples import Workload


@pytest.fixture(scope="session")
def prompts(_llmops: Run) -> Workload:
    """The target's workload: prompts with ids, so that runs can be compared prompt by prompt."""
    return _llmops.target.workload


@pytest.fixture(scope="session")
def traffic(_llmops: Run) -> Traffic:
    """One round of the target's questions through ``api``, asked once a run: ``questions known pages audited``.

    Many checks read it, and none asks again: a question may take seconds and cost money. All questions are asked where
    the service is quick, the first five where they take more than a second each. A question that fails is part of the
    round; whoever reads its ``reply`` fails with it.

    Example:
        def test_error_rate(traffic, record):
            record.figure("api_error_rate", during=traffic)

        def test_answers_are_short(traffic):
            assert all(len(question.reply.text) < 500 for question in traffic.questions)
    """
    from pytest_llmops.clients.traffic import round_of

    return round_of(cast("Api", _llmops.own.serving("api")), _llmops.target.workload, _llmops.directory.once)


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

    Also pages of Markdown for ``documents``: ``growth_report() usage_report() pattern_report()``. A trend is Theil and
    Sen's line with its interval; what was not recorded, or not often enough, is *vacuous*. An embedded target whose
    profile has a ``[sandbox.past]`` has that past, in the run directory; it is never mixed with yours.

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

    fact = own.directory.once("lint", lambda: look(own.target, reach, own.ledger, _llmops.say))
    return Lint(own.target, fact, cast("Prometheus | None", reach("prometheus")), own.ledger, _llmops.say)


@pytest.fixture
def change(_llmops: Run, request: pytest.FixtureRequest) -> Iterator[Change]:
    """Change the target, by its components' ``control`` tables: ``stop() start() restart() kill() pause() resume()``.

    Also ``status()`` and ``logs()``. Each act is journalled before it begins and waits until it was seen to have
    happened; at the end of the test all of them are taken back, the last first: on success, failure, Ctrl-C and
    SIGTERM, and after ``kill -9`` by ``llmops recover``. A test that uses it is disruptive whatever its markers say: it
    runs alone, with both keys, within the target's maintenance windows.

    Example:
        def test_the_api_says_that_the_model_is_away(change, api):
            change.stop("ollama")
            assert not api.health().ok
    """
    disruption = _llmops.disruption
    assert disruption is not None
    yield disruption.change(request.node)
    disruption.take_back()


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

    return Measure(_llmops, request.node, request.node.stash[CHECK])


@pytest.fixture
def record(_llmops: Run, request: pytest.FixtureRequest) -> Record:
    """Judge one live value by the target's thresholds and keep it in the report: ``record(name, value, unit="")``.

    ``record.figure(name)`` reads the value, too, from where the target's ``figures.NAME`` says.

    Example:
        def test_cpu_usage(record):
            record.figure("cpu_usage")

        def test_enough_models(llm, record):
            record("model_count", len(llm.models()), "models")
    """
    from pytest_llmops.plugin.measuring import Record

    return Record(_llmops, request.node.stash[CHECK])


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
