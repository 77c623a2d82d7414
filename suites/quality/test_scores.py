"""Scores over time: faithfulness, retrieval, feedback, refusals, lengths, each beside its limit and its past."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.langfuse import Langfuse
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.operate.answered import Answered
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.plugin.recording import Direction, Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History

HOUR_S = 3600.0
WEEK = 7


@pytest.mark.procedure("enterprise-pipeline.daily.grafana-hhem", fault="llm:nonsense")
def test_answers_are_faithful_by_their_own_score(traffic: Traffic, record: Record) -> None:
    """The score that the service gives its own answers out of documents, of the run's questions."""
    scores = traffic.each("faithfulness", route="rag_knowledge_base")
    record.statistics("answer_score", [score for score in scores if score is not None])


@pytest.mark.needs("prometheus")
@pytest.mark.procedure("enterprise-pipeline.daily.grafana-hhem", fault="llm:nonsense")
def test_scores_of_the_day(traffic: Traffic, record: Record) -> None:
    """The median score of the day's answers by Prometheus, and the share of them that was withheld as made up."""
    record.figure("hhem_score", during=traffic)
    record.figure("hallucination_rate", during=traffic)


@pytest.mark.needs("prometheus")
@pytest.mark.procedure("enterprise-pipeline.hallucination.score-distribution", fault="llm:nonsense")
@pytest.mark.procedure("enterprise-pipeline.hallucination.score-distribution", fault="past:better")
def test_distribution_of_scores(traffic: Traffic, figures: Figures, record: Record, history: History) -> None:
    """The lowest scores, the median and the highest of the last hours, each beside what it usually is.

    One that has no past yet hides no other.
    """
    scores = {of: figures.read(f"hhem_hours[{of}]", during=traffic).value for of in ("p5", "p50", "p95")}
    with record.to_the_end():
        for of, score in scores.items():
            record(f"hhem_hours[{of}]", score)
        untold = []
        for of, score in scores.items():
            try:
                record(f"hhem_deviation_pct[{of}]", history.deviation_pct(f"hhem_hours[{of}]", score), "%")
            except Vacuous as error:
                untold.append(str(error))
        if untold:
            raise Vacuous(" ".join(untold))


@pytest.mark.procedure("enterprise-pipeline.hallucination.low-score-traces", fault="langfuse:low")
@pytest.mark.procedure("enterprise-pipeline.hallucination.low-score-traces", fault="langfuse:unreadable")
def test_answers_that_were_scored_low(langfuse: Langfuse, record: Record, documents: Documents) -> None:
    """The traces of the last hour whose answer was scored low, with time and score, in a document."""
    scores = langfuse.scores(HOUR_S)
    documents.write("low-scores.md", scores.document())
    record("low_score_traces", len(scores.low), "traces", of=scores.said)


@pytest.mark.procedure(
    "enterprise-pipeline.daily.grafana-retrieval-cosine",
    "enterprise-pipeline.retrieval.cosine-drop",
    "enterprise-pipeline.hallucination.retrieval-quality",
    fault="vectors:unrelated",
)
@pytest.mark.procedure("enterprise-pipeline.retrieval.cosine-drop", fault="vectors:dimmed=0.8")
@pytest.mark.procedure("enterprise-pipeline.hallucination.retrieval-quality", fault="vectors:lost")
def test_similarity_is_as_usual(traffic: Traffic, figures: Figures, record: Record, history: History) -> None:
    """The median similarity of the sources, read after each search: the service keeps the last one's alone."""
    course = figures.after_each("retrieval_cosine_p50", "searches_counted", traffic.one_by_one())
    now = median(reading.value for reading in course)
    record("retrieval_cosine_median", now, of=f"after each of {len(course)} searches")
    record("cosine_p50_deviation_pct", history.deviation_pct("retrieval_cosine_median", now), "%")


@pytest.mark.procedure(
    "enterprise-pipeline.retrieval.empty-results",
    "enterprise-pipeline.hallucination.retrieval-quality",
    fault="vectors:empty",
)
@pytest.mark.procedure("enterprise-pipeline.retrieval.empty-results", fault="vectors:finds-nothing=0.5")
def test_questions_find_something(traffic: Traffic, figures: Figures, record: Record) -> None:
    """The share of searches that found nothing, read after each: the service keeps the last one's alone."""
    course = figures.after_each("retrieval_empty_rate", "searches_counted", traffic.one_by_one())
    empty = sum(reading.value for reading in course) / len(course)
    record("empty_result_rate", empty, "%", of=f"after each of {len(course)} searches")


@pytest.mark.needs("prometheus")
@pytest.mark.procedure(
    "enterprise-pipeline.weekly.embedding-drift",
    "enterprise-pipeline.retrieval.drift",
    fault="embedding_drift_detected:drifted",
)
def test_embeddings_have_not_drifted(lint: Lint, record: Record) -> None:
    """The application's own monitor of its embeddings does not say that they have drifted, where it runs at all."""
    lint.meant("metric", "embedding_drift_detected")
    record.figure("embedding_drift")


@pytest.mark.procedure("enterprise-pipeline.daily.grafana-feedback", fault="feedback_stats:quiet")
@pytest.mark.procedure("enterprise-pipeline.daily.grafana-feedback", fault="past:talkative")
def test_people_say_what_they_think(figures: Figures, record: Record, history: History) -> None:
    """How often people rated an answer in the last seven days, by the service's own count, beside earlier runs."""
    given = figures.read("feedback_week").value
    record("feedback_week", given, "answers")
    record("feedback_fall_pct", history.fallen_pct("feedback_week", given), "%")


@pytest.mark.generic
@pytest.mark.procedure(fault="answers:declines")
def test_questions_are_not_declined(answered: Answered, record: Record) -> None:
    """The share of the target's questions that is blocked, refused, or whose answer is withheld."""
    record("refusal_rate", answered.declined_pct, "%", of=answered.said)


@pytest.mark.generic
@pytest.mark.procedure(fault="past:wordy")
def test_answers_are_as_long_as_usual(answered: Answered, record: Record, history: History) -> None:
    """The length of answers in words, and the median beside what it usually is: a change of the model shows in it."""
    answered.require_answers()
    record.statistics("answer_length", answered.lengths, "words")
    usual_pct = history.deviation_pct("answer_length.p50", median(answered.lengths))
    record("answer_length_deviation_pct", usual_pct, "%", of=answered.said)


@pytest.mark.generic
@pytest.mark.procedure(fault="api:other-model")
def test_models_answer_as_often_as_usual(traffic: Traffic, record: Record, history: History) -> None:
    """The share of each model in the answers, by their own account, beside what it usually is."""
    answers = Counter(model for model in traffic.each("model") if model is not None)
    record("models_that_answered", len(answers), "models")
    shares = record.shares("answers_by_model", answers)
    with record.to_the_end():
        for model, points in history.share_changes("answers_by_model", "models_that_answered", shares).items():
            record(f"answers_by_model_change[{model}]", points, "points")


@pytest.mark.generic
@pytest.mark.procedure(fault="past:decaying")
@pytest.mark.parametrize(
    ("metric", "worse"),
    [
        ("refusal_rate", "up"),
        ("answer_length.p50", "off"),
        ("retrieval_similarity", "down"),
        ("cache_hit_rate", "down"),
    ],
)
def test_week_beside_the_week_before(history: History, record: Record, metric: str, worse: Direction) -> None:
    """What the week's runs found of answers, beside the week before: a mean that has surely become worse is red."""
    week = history.beside(metric, WEEK)
    record(f"{metric}.week_mean", week.mean, week.unit, of=week.said)
    record.shift(metric, week.before, week.now, worse)
