"""Usage of the week: which model, at what hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History


DAY_S = 86400


@pytest.mark.procedure("voyageur.wednesday-performance.model-usage-analysis", fault="day_logs:fails")
def test_answers_by_model(logs: Logs, record: Record, documents: Documents) -> None:
    """The share of each model in the last 24 hours' answers, in a document; one that gives nearly all is noted."""
    answers = logs.event("llm_response", since_s=DAY_S).judged().having(answered=True)
    shares = record.shares("model_share_of_log", {model: len(given) for model, given in answers.by("model").items()})
    most = next(iter(shares))
    flag = record("largest_model_share[log]", shares[most], "%", of=most)
    usage = answers.breakdown("Answers of the last 24 hours by model", "model", mean="took_s")
    kept = documents.read(documents.write("model-usage.md", f"{usage}\n{flag.reason}\n"))
    lost = [model for model in shares if f"| {model} |" not in kept]
    assert not lost, f"the report of the models' usage lacks {', '.join(lost)}"


@pytest.mark.procedure("voyageur.wednesday-performance.model-usage-analysis", fault="dashboard:fails")
def test_load_is_spread_over_the_models(app_command: AppCommands, record: Record) -> None:
    """The share of each model, as the dashboard counts them; one that takes nearly all of the load is noted."""
    shares = record.shares("model_share_of_dashboard", app_command.report("dashboard").document["metrics"]["models"])
    most = next(iter(shares))
    record("largest_model_share[dashboard]", shares[most], "%", of=most)


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.sessions.usage-patterns", fault="past:stale")
def test_usage_patterns(history: History, record: Record, documents: Documents) -> None:
    """What is looked at over time, by hour and by day of the week, up to now."""
    record("history_age", history.age(), "s")
    documents.write("usage-patterns.md", history.pattern_report(*history.growing))
