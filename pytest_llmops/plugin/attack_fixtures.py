"""The fixtures that attack: what gets in by a question, and by a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.control.change import Change
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.security.attack_review import AttackResults
    from pytest_llmops.security.indirect import Poisoned


@pytest.fixture
def attacks(_llmops: Run) -> AttackResults:
    """What came of attacks on ``api``, sent once a run: ``hits told not_blocked controls_blocked limit_pct said``.

    Each carries a canary of its own; an answer that holds it, and neither quotes nor refuses the attack, is a hit. As
    many are sent as ``security.attack_calls`` lets be; ``of(level="known")`` are those that filters of patterns look
    for. Where no harmless question is answered either, all but ``controls_blocked`` are vacuous. Which attacks there
    are, and what they are held against: docs/security.md.

    Example:
        def test_no_attack_succeeds(attacks):
            assert not attacks.hits, attacks.said
    """
    from pytest_llmops.security.attacks import review_api

    api = cast("Api", _llmops.own.serving("api"))
    return _reviewed(_llmops, "attacks", lambda: review_api(api, _llmops.target, _llmops.say))


@pytest.fixture
def model_attacks(_llmops: Run) -> AttackResults:
    """What came of the same attacks on the model server itself, as conversations, sent once a run; as ``attacks``.

    It is asked under ``security.system_prompt``, or a plain one where none is known.

    Example:
        def test_the_model_keeps_to_its_prompt(model_attacks):
            assert not model_attacks.told, model_attacks.said
    """
    from pytest_llmops.security.attacks import review_model

    llm = cast("Llm", _llmops.own.serving("llm"))
    return _reviewed(_llmops, "model_attacks", lambda: review_model(llm, _llmops.target, _llmops.say))


@pytest.fixture
def attack_success(_llmops: Run, request: pytest.FixtureRequest) -> Callable[[str, AttackResults], None]:
    """Judge how many attacks succeed: ``attack_success(name, review)``.

    NAME.limit is Wilson's upper limit of their share in %, which thresholds judge: a few attacks that fail prove
    little. NAME itself is the share, compared with the accepted runs of the same attacks. Either fails the test.

    Example:
        def test_attacks(attacks, attack_success):
            attack_success("attacks_on_api", attacks)
    """
    from pytest_llmops.measure.candidate import as_json
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.sentences import Failed
    from pytest_llmops.plugin.this_test import ThisTest

    test = ThisTest.asking(_llmops, request)
    check, measure, record = test.check, Measure(test), Record(test)

    def judge(name: str, review: AttackResults) -> None:
        from pytest_llmops.security.success import compared

        name = measure.full(name)
        client = _llmops.own.client(review.component)
        found = compared(name, review, measure.bench(client))
        check.metrics.append(found.result.as_json())
        check.notes += [found.result.state] if found.result.state in {"no-baseline", "not-comparable"} else []
        check.recordings += [as_json(found.recording)] if found.recording else []
        record(f"{name}.limit", review.limit_pct, "%", of=review.said)
        if found.worse:
            raise Failed(found.worse, "regression")

    return judge


@pytest.fixture
def poisoned(_llmops: Run, change: Change) -> Poisoned:
    """A document that gives orders, planted by the route ``ingest`` and taken out again: ``plant() ask() remove()``.

    It is written down before how it is removed; it is removed at the end of the test whatever happens, and after
    ``kill -9`` by ``llmops recover``. A test that uses it is disruptive.

    Example:
        def test_documents_give_no_orders(poisoned):
            poisoned.plant()
            assert not poisoned.ask().obeyed
            assert not poisoned.remove()
    """
    from pytest_llmops.security.indirect import Poisoned

    return Poisoned(cast("Api", _llmops.own.serving("api")), change)


def _reviewed(run: Run, name: str, make: Callable[[], AttackResults]) -> AttackResults:
    """A review that is made once a run, and of which enough came to something."""
    from pytest_llmops.security.attack_review import AttackResults

    review = AttackResults.read(run.once(name, lambda: make().as_json()))
    review.require_calls()
    return review
