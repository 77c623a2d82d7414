"""Questions that were made up from documents: ``expected_route``, ``source_doc``, ``out_of_scope``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.golden.importers.record import Made, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.golden.importers.record import Answers


class Synthetic:
    """``golden_dataset/synthetic_tests.jsonl`` of enterprise-pipeline.

    What is out of scope is expected to be refused, everything else to be answered, and to name its document.
    """

    keys = frozenset({"query", "source_doc", "out_of_scope"})

    def made(self, record: Mapping[str, Any], _answers: Answers) -> Made:
        """The question; its route becomes a tag."""
        outside = record["out_of_scope"]
        if not isinstance(outside, bool):
            raise TypeError("out_of_scope is neither true nor false")
        expect: dict[str, Any] = {"refusal": outside}
        document = record["source_doc"]
        if document and not outside:
            expect["sources"] = text(record, "source_doc")
        tags = [f"document:{document}"] if document else []
        tags += [f"route:{record['expected_route']}"] if record.get("expected_route") else []
        tags += ["out-of-scope"] if outside else []
        scored = record.get("faithfulness_score") is not None
        left_out = ["faithfulness_score: it is a measured value, and nothing to expect"] if scored else []
        return Made({"prompt": text(record, "query"), "tags": tags, "origin": "synthetic", "expect": expect}, left_out)
