"""Questions with the answer that is known to be right: ``query``, ``expected_answer``, ``tags``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.golden.importers.record import Made, expected, text, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.golden.importers.record import Answers


class Answered:
    """``golden_dataset/queries/*.jsonl`` of enterprise-pipeline."""

    keys = frozenset({"query", "expected_answer"})

    def made(self, record: Mapping[str, Any], answers: Answers) -> Made:
        """The question, with the answer as it is asked for."""
        beside, expect = expected(record["expected_answer"], answers)
        return Made({"prompt": text(record, "query"), "tags": texts(record, "tags"), **beside, "expect": expect})
