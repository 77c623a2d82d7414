"""Answers labelled by how far they rest on their texts: ``context``, ``expected_answer``, ``expected_faithfulness``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.golden.importers.record import Made, expected, text, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.golden.importers.record import Answers

RIGHT = 0.85
"""From this faithfulness on an answer is taken for right: below it the system's own playbook warns."""


class Faithfulness:
    """``golden_dataset/faithfulness_tests.jsonl`` of enterprise-pipeline.

    Only records whose answer is right are questions with a known answer. The others are wrong answers, made up to try a
    detector of such; no answer of a live system can be expected to be one of them.
    """

    keys = frozenset({"query", "context", "expected_answer", "expected_faithfulness"})

    def made(self, record: Mapping[str, Any], answers: Answers) -> Made:
        """The question with its texts and the right answer."""
        score = record["expected_faithfulness"]
        if isinstance(score, bool) or not isinstance(score, int | float):
            raise TypeError("expected_faithfulness is no number")
        if score < RIGHT:
            return Made(None, [f"its answer is a wrong one (expected_faithfulness below {RIGHT})"])
        beside, expect = expected(record["expected_answer"], answers)
        named = {"id": text(record, "id")} if "id" in record else {}
        about = {"tags": texts(record, "category"), "context": texts(record, "context")}
        return Made({**named, "prompt": text(record, "query"), **about, **beside, "expect": expect})
