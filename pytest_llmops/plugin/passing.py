"""What a test calls to judge how many answers to the golden dataset pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmops.errors import LlmopsError
from pytest_llmops.measure.passes import judged_passes, remarks
from pytest_llmops.plugin.measuring import Measure
from pytest_llmops.plugin.sentences import Failed
from pytest_llmops.report.documents import Documents

if TYPE_CHECKING:
    from pytest_llmops.golden.answers import GoldenAnswers
    from pytest_llmops.plugin.this_test import ThisTest

CATEGORIES = ("threshold", "regression", "void")
"""Of failures: the first of them is that of several together."""


class PassGate:
    """The gate that golden answers have to pass; see the fixture ``pass_gate``.

    Args:
        test: which asks.
    """

    def __init__(self, test: ThisTest) -> None:
        self._run = test.run
        self._measure = Measure(test)
        self._documents = Documents(
            test.run.report_folder, test.run.declared.name, test.run.redactor, test.check.documents.append
        )

    def __call__(self, name: str, answers: GoldenAnswers, *, before: GoldenAnswers | None = None) -> None:
        """Record the pass rate as a metric, judge it, and write what does not pass to a document.

        A tag's cases are held to ``golden.rates`` as well: those of each kind that has a rate of its own, as NAME_KIND.
        All are judged before one fails the test; where one cannot be, why is said beside those that fail.

        Args:
            name: of the metric, the share of answers that pass in %; NAME[TAG] is that of each tag.
            answers: to the golden dataset, or to some of its cases.
            before: other answers of this run to the same cases, in the place of the accepted runs.

        Raises:
            AssertionError: the rate is surely below ``golden.pass_rate``, or fewer cases pass than did before.
        """
        gates = [(name, answers, before)]
        for kind, some in answers.rated(self._run.own.target.table.golden.rates).items():
            gates.append((f"{name}_{kind}", some, before.expecting(*some.kinds) if before else None))
        failed: list[Failed] = []
        unjudged: list[LlmopsError] = []
        for gate in gates:
            try:
                self._judge(*gate)
            except Failed as error:
                failed.append(error)
            except LlmopsError as error:
                unjudged.append(error)
        if failed:
            category = min((one.category for one in failed), key=CATEGORIES.index)
            said = "\n".join(map(str, [*failed, *unjudged]))
            raise Failed("\n".join(dict.fromkeys(said.splitlines())), category)
        if unjudged:
            raise unjudged[0]

    def _judge(self, name: str, answers: GoldenAnswers, before: GoldenAnswers | None) -> None:
        name, run = self._measure.full(name), self._run
        bench = self._measure.bench(run.own.client(answers.component))
        bench = bench if run.twin is None else replace(bench, store=None)
        measurement, verdict = judged_passes(name, answers, bench, before)
        self._documents.write(f"{name}.md", answers.document(name, verdict.reason, remarks(verdict)))
        for remark in () if answers.called else remarks(verdict):
            run.say(f"golden dataset: {remark}")
        self._measure.conclude(
            measurement, "the model that serves" if before else "", check=True, recorded=before is None
        )
