"""Which faults are tried for a runbook, and which part of them today."""

import pytest

from pytest_llmops.procedures.bindings import Binding
from pytest_llmops.procedures.named_faults import NamedFault, by_fault, for_system, part

A, B = "voyageur.morning-health.model-availability", "aegis-rag.health.ollama-health"
MONTHLY = "voyageur.capacity.monthly-usage-report"
BOUND = [
    Binding("daily/test_a.py::test_one", (A, B), "llm:down", generic=True),
    Binding("daily/test_a.py::test_one", (MONTHLY,), "past:none", generic=True),
    Binding("daily/test_b.py::test_two", (A,), "llm:down, api:down"),
    Binding("daily/test_b.py::test_timed", (B,), "llm:slow=1.6", asks=frozenset({"measure"})),
    Binding("daily/test_b.py::test_bare", (B,), None),
]


def names(bound):
    return [(one.test.partition("::")[2], one.procedures, one.fault) for one in bound]


def test_a_runbook_has_its_own_procedures_with_the_faults_of_their_markers():
    assert names(for_system(BOUND, "voyageur")) == [
        ("test_one", (A,), "llm:down"),
        ("test_one", (MONTHLY,), "past:none"),
        ("test_two", (A,), "llm:down, api:down"),
    ]


def test_without_a_runbook_the_generic_tests_count_whatever_they_bind():
    assert names(for_system(BOUND, "")) == [
        ("test_one", (A, B), "llm:down"),
        ("test_one", (MONTHLY,), "past:none"),
    ]


def test_a_suite_is_the_procedures_own_or_the_tests_folder():
    assert names(for_system(BOUND, "voyageur", ["monthly"])) == [("test_one", (MONTHLY,), "past:none")]
    assert len(for_system(BOUND, "voyageur", ["daily"])) == 3
    assert for_system(BOUND, "voyageur", ["incident"]) == []


def test_each_fault_is_tried_once_with_all_tests_that_name_it_and_the_timed_first():
    assert by_fault(BOUND) == [
        NamedFault("llm:slow=1.6", {"daily/test_b.py::test_timed": (B,)}, timed=True),
        NamedFault("llm:down", {"daily/test_a.py::test_one": (A, B)}, timed=False),
        NamedFault("llm:down, api:down", {"daily/test_b.py::test_two": (A,)}, timed=False),
        NamedFault("past:none", {"daily/test_a.py::test_one": (MONTHLY,)}, timed=False),
    ]


@pytest.mark.parametrize(("many", "size"), [(7, 3), (10, 1), (4, 4), (3, 8), (0, 2)])
def test_seeds_in_a_row_come_to_all_faults(many, size):
    faults = [NamedFault(f"llm:{number}", {}, timed=number == 2) for number in range(many)]
    days = range(20_000, 20_000 + -(-many // size))
    parts = [part(faults, size, day) for day in days]
    assert all(len(chosen) == min(size, many) for chosen in parts)
    assert {one.fault for chosen in parts for one in chosen} == {one.fault for one in faults}
    assert part(faults, size, 20_000) == part(faults, size, 20_000)
