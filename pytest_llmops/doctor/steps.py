"""What is tried at a component once preflight has passed: the answers, figures and vectors that checks will ask for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pytest_llmops.doctor.findings import bare
from pytest_llmops.errors import CallFailed, LlmopsError, Unsupported, Vacuous, did_you_mean
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.doctor.components import Examination
    from pytest_llmops.doctor.findings import ComponentReport


def _llm(examination: Examination, client: Any, report: ComponentReport) -> None:
    """One answer of daily length, the models that are named, one embedding."""
    pace, name = examination.pace, report.component

    def answer() -> str:
        start = time.perf_counter()
        found = client.generate(examination.target.workload[0])
        took_s = time.perf_counter() - start
        tokens = found.tokens_out or len(found.stream.token_times_s)
        first_s = found.stream.token_times_s[0] if found.stream.token_times_s else took_s
        pace.first_s[name] = first_s
        pace.token_s[name] = (took_s - first_s) / (tokens - 1) if tokens > 1 else 0.0
        return f"{tokens} tokens, the first after {spoken(first_s)}"

    if client.timed_model.size:
        report.facts["size"] = f"{client.timed_model.size / 1e9:.3g} GB"
    examination.attempt(report, "daily answer", answer, advice="Its own log says why.", otherwise="problem")
    try:
        missing = client.missing_models()
    except Unsupported:
        missing = []
    if missing:
        advice = "Load them there, or take them out of models, model and embedding_model."
        report.wrong("models", "warning", f"not listed: {', '.join(missing)}", advice)
    if client.config.embedding_model:
        advice = "Is embedding_model the one that filled the collection, and is it there?"
        examination.attempt(report, "embedding", lambda: _embedding(examination, client), advice=advice)


def _embedding(examination: Examination, client: Any) -> str:
    start = time.perf_counter()
    vector = client.embed(examination.target.workload[0])
    examination.pace.calls[f"{client.component}.embed"] = time.perf_counter() - start
    return f"{len(vector)} dimensions, {client.config.embedding_model}"


def _api(examination: Examination, client: Any, report: ComponentReport) -> None:
    """Its health, one real question, its figures."""
    if client.config.health is not None:
        _healthy(client, report)
    if "query" in client.config.routes:
        prompt = examination.target.workload[0]

        def question() -> str:
            start = time.perf_counter()
            reply = client.query(prompt)
            examination.pace.calls["api.query"] = time.perf_counter() - start
            if reply.blocked:
                raise CallFailed("api", "blocked", f"the question {prompt.text!r} was blocked")
            return f"{len(reply.text.split())} words, {len(reply.sources)} sources"

        advice = "Do method, path, body and answer of routes.query say how this service is asked?"
        examination.attempt(report, "answers", question, advice=advice, otherwise="problem")
    else:
        advice = "Describe how a question is asked: [targets.NAME.components.api.routes.query]."
        report.wrong("answers", "warning", "there is no route 'query', so no check can ask anything", advice)
    if client.config.metrics:
        advice = "Is metrics the path of its Prometheus page? Without it, leave metrics out."
        examination.attempt(report, "metrics", lambda: _figures(examination, client, report), advice=advice)


def _healthy(client: Any, report: ComponentReport) -> None:
    try:
        health = client.health()
    except LlmopsError as error:
        report.wrong("healthy", "warning", bare(error, report.component))
        return
    if health.healthy:
        report.found("healthy", "", health.elapsed_s)
        return
    what = health.reason.removeprefix(f"{report.component}: ")
    advice = "It is there but says that it is not well; its checks of health will fail."
    if "answered 404" in what:
        what, advice = what.partition("; ")[0], "Is path of its health route right, and does url lack a prefix?"
    report.wrong("healthy", "warning", what, advice, health.elapsed_s)


def _figures(examination: Examination, client: Any, report: ComponentReport) -> str:
    """The figures that are read off its page."""
    from pytest_llmops.target.figures import FromMetrics

    page, absent = client.metrics(), []
    figures = {
        name: figure
        for name, figure in examination.target.table.figures.items()
        if isinstance(figure, FromMetrics) and (figure.component, figure.page) == (report.component, None)
    }
    for name, figure in figures.items():
        try:
            page.shares(name, figure) if figure.by else page.figure(name, figure)
        except Vacuous:
            pass  # it is there, and has counted nothing yet
        except Unsupported:
            absent.append(name)
    if absent:
        advice = "Name the service's own series in figures.NAME.metric; until then their checks are unsupported."
        report.wrong("figures", "warning", f"its metrics have nothing for {', '.join(absent)}", advice)
    return f"{len(page.names)} series, {len(figures) - len(absent)} of {len(figures)} figures"


def _qdrant(examination: Examination, client: Any, report: ComponentReport) -> None:
    """Ready, the collection, and whether the embedding model's vectors are those of the collection."""
    ready(examination, client, report)
    names, own = client.collections(), client.config.collection
    if own and own not in names:
        what = f"there is no collection {own!r}; it has: {', '.join(names) or 'none'}"
        advice = did_you_mean(own, names).strip() or "Load the documents, or name the right one as collection."
        report.wrong("collection", "warning", what, advice)
        return
    found: list[str] = []

    def collection() -> str:
        state = client.collection()
        found.append(state.name)
        if not state.points:
            raise CallFailed("qdrant", "empty", f"collection {state.name} is empty")
        return f"{state.name}, {state.status}, {state.points} points"

    examination.attempt(report, "collection", collection, advice="Is collection the one that answers come from?")
    embedder = examination.embedder
    if not found or embedder is None:
        return

    def search() -> str:
        vector = embedder.embed(examination.target.workload[0])
        start = time.perf_counter()
        hit = client.best(vector)
        examination.pace.calls["qdrant"] = time.perf_counter() - start
        return f"{len(vector)} dimensions fit, best score {hit.score:.2f}"

    examination.attempt(report, "search", search, advice="Did embedding_model fill this collection?")


def _redis(examination: Examination, client: Any, report: ComponentReport) -> None:
    """Its own counters."""

    def info() -> str:
        figures = client.figures()
        return f"{figures.used_bytes / 1e6:.3g} MB used, {figures.hits + figures.misses} look-ups so far"

    examination.attempt(report, "INFO", info, advice="Checks of its counters are unsupported.")


def ready(examination: Examination, client: Any, report: ComponentReport) -> None:
    """Whether it says that it is ready, where it can say so."""
    if not hasattr(client, "ready"):
        return

    def asked() -> str:
        client.ready()
        return ""

    examination.attempt(report, "ready", asked, advice="It is there, but not yet of use: wait, or look into its log.")


BEYOND: dict[str, Callable[[Examination, Any, ComponentReport], None]] = {
    "api": _api,
    "ollama": _llm,
    "openai": _llm,
    "judge": _llm,
    "qdrant": _qdrant,
    "redis": _redis,
}
"""By kind of component; any other kind of component is asked whether it is ready."""
