from collections import Counter

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.plugin import markers
from pytest_llmops.procedures import SUITES, SYSTEMS, ProcedureThreshold, catalogue, procedure


def test_every_step_of_the_five_runbooks_is_there():
    found = catalogue()
    assert len(found) == 657
    assert Counter(one.system for one in found.values()) == {
        "voyageur": 103,
        "document-enhancer": 161,
        "agent-aiops": 144,
        "enterprise-pipeline": 88,
        "aegis-rag": 161,
    }
    assert tuple(dict.fromkeys(one.system for one in found.values())) == SYSTEMS


def test_576_can_be_automated():
    automatable = [one for one in catalogue().values() if one.automatable]
    assert len(automatable) == 576
    assert all(one.kind != "human" for one in automatable)


def test_ids_start_with_their_system_and_are_unique():
    # a mapping hides duplicates, so the count of test_every_step… is the proof that there are none
    assert all(key == one.id and one.id.startswith(one.system + ".") for key, one in catalogue().items())


def test_every_suite_word_is_a_marker():
    assert len(SUITES) == 11
    assert tuple(markers.SUITES) == SUITES
    assert {word for one in catalogue().values() for word in one.suite} == set(SUITES)
    assert all(one.suite for one in catalogue().values())


def test_thresholds_speak_the_known_words():
    thresholds = [threshold for one in catalogue().values() for threshold in one.thresholds]
    assert len(thresholds) == 295
    assert {threshold.op for threshold in thresholds} == {"==", "!=", "<", "<=", ">", ">="}
    assert {threshold.level for threshold in thresholds} == {"target", "warning", "critical"}


def test_one_procedure_is_read_as_written():
    found = procedure("voyageur.morning-health.model-availability")
    assert (found.cadence, found.suite, found.kind) == ("daily", ("daily", "monitor"), "check")
    assert found.thresholds == (ProcedureThreshold("model_count", ">=", 3, "count", "target"),)
    assert not found.disruptive


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(ConfigError) as caught:
        procedure("voyageur.morning-health.service-statu")
    assert str(caught.value) == (
        "unknown procedure 'voyageur.morning-health.service-statu'. "
        "Did you mean 'voyageur.morning-health.service-status'?"
    )


def test_a_misspelt_system_is_looked_for_everywhere():
    with pytest.raises(ConfigError) as caught:
        procedure("voyager.morning-health.service-status")
    assert str(caught.value) == (
        "unknown procedure 'voyager.morning-health.service-status'. "
        "Did you mean 'voyageur.morning-health.service-status'?"
    )


def test_an_id_like_nothing_gets_no_guess():
    with pytest.raises(ConfigError) as caught:
        procedure("zzz")
    assert str(caught.value) == "unknown procedure 'zzz'."
