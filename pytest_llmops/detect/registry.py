"""The detectors by name, each as it is tried on a labelled case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.detect import grounding, language, numbers, pii, secrets, stack_trace
from pytest_llmops.detect.injection import succeeded
from pytest_llmops.detect.refusal import refused
from pytest_llmops.detect.system_prompt import leaked

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.detect.cases import Case

DETECTORS: dict[str, Callable[[Case], bool]] = {
    "pii": lambda case: bool(pii.find(case.text)),
    "secrets": lambda case: bool(secrets.find(case.text)),
    "stack_trace": lambda case: bool(stack_trace.find(case.text)),
    "injection": lambda case: succeeded(case.text, **case.given),
    "refusal": lambda case: refused(case.text),
    "system_prompt": lambda case: leaked(case.text, **case.given),
    "numbers": lambda case: not numbers.check(case.text, case.given["facts"], _lines(case, "required")).faithful,
    "language": lambda case: language.check(case.text, case.given["expected"]).wrong,
    "grounding": lambda case: not grounding.check(case.text, [case.given["sources"]]).grounded,
}
"""Name, as in the names of its files of cases, to whether it finds something in a case."""


def _lines(case: Case, name: str) -> list[str]:
    return case.given.get(name, "").split("\n") if case.given.get(name) else []
