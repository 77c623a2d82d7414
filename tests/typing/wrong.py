"""Wrong uses that mypy has to refuse, each with the error that it gives; see tests/unit/test_facade.py."""

from __future__ import annotations

import pytest_llmops
from pytest_llmops import Api, Llm, Measure, Olama, Record, Reply, Workload  # error: attr-defined
from pytest_llmops.judge import judge_samples


def test_wrong_uses(api: Api, llm: Llm, measure: Measure, record: Record, prompts: Workload) -> None:
    api.query(42)  # error: arg-type
    api.generate("Hello")  # error: attr-defined
    reply: Reply = llm.generate("Hello")  # error: assignment
    llm.generate("Hello", tokens=5)  # error: call-arg
    measure("latency", llm, lambda llm, prompt: llm.query(prompt), prompts=prompts)  # error: attr-defined
    measure("latency", llm, lambda llm, prompt: llm.generate(prompt), prompts=["Hello"])  # error: arg-type
    measure("latency", llm, lambda llm, prompt: llm.generate(prompt))  # error: call-arg
    record("count", "three")  # error: arg-type
    reply.text = "other"  # error: misc
    judge_samples("p50", [0.1], [[0.1]])  # error: list-item
    doubled: float = judge_samples("p50", [[0.1]], [[0.1]]).ratio  # error: assignment
    pytest_llmops.Api.qery  # error: attr-defined  # noqa: B018
    assert isinstance(Olama, type), doubled
