"""Asks a judge model about golden answers: each case with a rubric several times, in rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.golden.answers import CaseAnswers, Given, GoldenAnswers
from pytest_llmops.golden.judged import KIND, Judged, question, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.golden.case import Case, GoldenSet
    from pytest_llmops.target.golden import Judge
    from pytest_llmops.target.load import Target


def judge_of(target: Target) -> Judge:
    """Who judges the golden answers of a target.

    Raises:
        Unsupported: it names nobody; says what to write.
    """
    table = target.table.golden.judge
    if table is None:
        raise Unsupported(
            f"target {target.name} has no judge, so nobody says whether open-ended answers will do; name one in "
            f'{target.where[:-1]}.golden.judge], component = "judge", if there is to be one.'
        )
    return table


@dataclass(frozen=True)
class Asked:
    """One answer that is to be judged.

    Attributes:
        case: with a rubric.
        answer: the first that came.
    """

    case: Case
    answer: str


def to_judge(golden: GoldenSet, answers: GoldenAnswers) -> list[Asked]:
    """The first answer to each case with a rubric; a case whose answers were all lost has none.

    Raises:
        Vacuous: no case has a rubric, or none of those was answered.
    """
    came = {one.id: next((given.text for given in one.given if not given.lost), None) for one in answers.cases}
    wanted = [case for case in golden if case.rubric]
    found = [Asked(case, text) for case in wanted if (text := came.get(case.id)) is not None]
    if not found:
        why = "none of those with a rubric was answered" if wanted else "no case has a rubric"
        raise Vacuous(f"golden dataset: {why}, so there is nothing to judge.")
    return found


def judge(asked: list[Asked], llm: Llm, table: Judge, clean: Callable[[str], str]) -> Judged:
    """Have each answer judged so many times, all of them once before any a second time.

    Args:
        asked: the answers.
        llm: the judge.
        table: how often it is asked, and how long it may answer.
        clean: takes secrets out of what is sent.

    Raises:
        BudgetSpent: the run's budget, or the judge's own limit, is used up.
    """
    given: dict[str, list[Given]] = {one.case.id: [] for one in asked}
    for _ in range(table.repeats):
        for one in asked:
            given[one.case.id].append(_judged(one, llm, table, clean))
    cases = tuple(
        CaseAnswers(
            one.case.id,
            one.case.prompt,
            tuple(one.case.tags),
            one.case.digest,
            (KIND,),
            tuple(given[one.case.id]),
        )
        for one in asked
    )
    return Judged(GoldenAnswers(llm.component, cases, (KIND,), "has a rubric"), llm.asked, table.gates)


def _judged(one: Asked, llm: Llm, table: Judge, clean: Callable[[str], str]) -> Given:
    if not one.answer.strip():
        return Given("", {KIND: "the answer is empty"})
    try:
        said = llm.generate(clean(question(one.case, one.answer)), max_tokens=table.max_tokens, stream=False).text
    except CallFailed as error:
        return Given("", {}, str(error))
    passes, why = verdict(said)
    if passes is None:
        return Given(said, {}, why)
    return Given(said, {} if passes else {KIND: why})
