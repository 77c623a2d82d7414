"""The fixtures of answer quality: the golden set that was asked, and the gate that its answers have to pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.golden.answers import GoldenAnswers
    from pytest_llmops.golden.judged import Judged
    from pytest_llmops.plugin.passing import PassGate
    from pytest_llmops.plugin.run import Run


@pytest.fixture(scope="session")
def golden_set(_llmops: Run) -> GoldenAnswers:
    """What was answered to the target's golden dataset: ``expecting(kind) tagged(tag) disagreements(name) runs``.

    All its cases are asked once a run, each ``golden.repeats`` times: of the API by its route ``query``, where it has
    one, else of the model server. ``expecting`` are the cases that expect something of a kind, judged by that alone.
    A target without a golden dataset is *unsupported*. Which cases there are: docs/golden.md.

    Example:
        def test_figures_are_right(golden_set, pass_gate):
            pass_gate("right_figures", golden_set.expecting("numbers"))
    """
    from pytest_llmops.golden.answers import GoldenAnswers
    from pytest_llmops.golden.of_target import golden_of
    from pytest_llmops.measure.golden_asking import API, OfApi, OfModel, ask, asked_of

    run, target = _llmops, _llmops.target
    golden, of = golden_of(target), asked_of(target)
    client = run.own.serving(of)
    asker = OfApi(cast("Api", client)) if of == API else OfModel(cast("Llm", client), target.table.golden.max_tokens)
    fact = run.once("golden_set", lambda: ask(golden, asker, target.table.golden.repeats, run.say).as_json())
    return GoldenAnswers.read(fact, target.table.golden.consistent)


@pytest.fixture(scope="session")
def grounded_answers(_llmops: Run, golden_set: GoldenAnswers) -> GoldenAnswers:
    """The golden answers that have to rest on the texts of their sources, judged by that alone (docs, 'grounding').

    *Unsupported* where the service's answers carry no texts: ``routes.query.texts`` does not say where they stand;
    *vacuous* where every answer declines.

    Example:
        def test_answers_rest_on_their_sources(grounded_answers, pass_gate):
            pass_gate("grounded_answers", grounded_answers)
    """
    from pytest_llmops.measure.golden_asking import carries_texts

    carries_texts(_llmops.target)
    return golden_set.expecting("grounded").unless_all_declined()


@pytest.fixture(scope="session")
def candidate_set(_llmops: Run) -> GoldenAnswers:
    """What the model that is to be tried before it serves answers to the golden dataset: as ``golden_set``.

    It is ``components.ollama.candidate``, asked of the model server directly; where an API answers for the models,
    there is nothing to hold it against, and the check is *unsupported*.

    Example:
        def test_candidate(golden_set, candidate_set, pass_gate):
            pass_gate("candidate_answers", candidate_set, before=golden_set)
    """
    from pytest_llmops.errors import Unsupported
    from pytest_llmops.golden.answers import GoldenAnswers
    from pytest_llmops.golden.of_target import golden_of
    from pytest_llmops.measure.golden_asking import API, OfModel, ask, asked_of

    run, table = _llmops, _llmops.target.table.golden
    client, golden = cast("Ollama", run.own.serving("ollama")).candidate, golden_of(run.target)
    if asked_of(run.target) == API:
        raise Unsupported("api: it answers the golden dataset, so what a model answers by itself is beside nothing.")
    asker = OfModel(client, table.max_tokens, str(client.config.model))
    fact = run.once("candidate_set", lambda: ask(golden, asker, table.repeats, run.say).as_json())
    return GoldenAnswers.read(fact, table.consistent)


@pytest.fixture(scope="session")
def judged_answers(_llmops: Run, golden_set: GoldenAnswers) -> Judged:
    """Golden answers to cases with a ``rubric``, as a judge sees them: ``share_pct disagreement_pct variance gates``.

    The judge is ``golden.judge.component``: ``components.judge``, any server of OpenAI's API, or a model server of the
    target. Each answer is judged ``golden.judge.repeats`` times, without any secret. Without a judge it is
    *unsupported*. It gates nothing unless ``golden.judge.gates`` says so.

    Example:
        def test_open_ended_answers(judged_answers, record):
            record("judge_share", judged_answers.share_pct, "%", of=judged_answers.said)
    """
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.errors import ConfigError
    from pytest_llmops.golden.judged import Judged
    from pytest_llmops.golden.of_target import golden_of
    from pytest_llmops.measure.golden_judging import judge, judge_of, to_judge

    run, table = _llmops, judge_of(_llmops.target)
    if table.component not in run.target.table.components.configured():
        raise ConfigError(f"golden.judge.component: the target has no component {table.component!r}.")
    asked = to_judge(golden_of(run.target), golden_set)
    client = run.own.reached(table.component)
    if not isinstance(client, Llm):
        raise ConfigError(f"golden.judge.component: {table.component} is no model server, so it cannot judge.")
    fact = run.once("judged_answers", lambda: judge(asked, client, table, run.redactor.clean).as_json())
    return Judged.read(fact, gates=table.gates)


@pytest.fixture
def pass_gate(_llmops: Run, request: pytest.FixtureRequest) -> PassGate:
    """Judge how many answers pass: ``pass_gate(name, answers, before=None)``.

    NAME is the pass rate in %, NAME[TAG] that of each tag, which gates nothing. The test fails where the rate is surely
    below ``golden.pass_rate``, or fewer cases pass than in the accepted runs; what does not pass stands in a document.
    With ``before``, other answers of this run to the same cases, these are in the place of accepted runs.

    Example:
        def test_answers(golden_set, pass_gate):
            pass_gate("golden_answers", golden_set)
    """
    from pytest_llmops.plugin.passing import PassGate
    from pytest_llmops.plugin.this_test import ThisTest

    return PassGate(ThisTest.asking(_llmops, request))
