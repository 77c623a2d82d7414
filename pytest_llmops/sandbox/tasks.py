"""What an API does besides answering questions: log in, explain what is stored, start jobs and tell of them."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.sandbox import corpus
from pytest_llmops.sandbox.upstream import UpstreamFailed

if TYPE_CHECKING:
    from pytest_llmops.sandbox.behaviours import Outcome, Service

_JOB_S = 0.2
_SCORE = 7
_TRUE = (True, "true", "True", "1")


def anew(given: dict[str, Any]) -> bool:
    """Whether a request wants no answer out of the cache."""
    return given.get("fresh") in _TRUE


EVERYONE = "everyone"
"""Whose explanations are: an analysis is explained alike to all."""
_PROMPT = (
    "Explain the analysis in plain words.\n\nContext:\n[{id}] {text}\n\nQuestion: What does the {title} say?\nAnswer:"
)
_LANGUAGES = {"en": "English", "fr": "French", "es": "Spanish"}


@dataclass(frozen=True, slots=True)
class Job:
    """A job that was started.

    Attributes:
        files: what it works on.
        ends: when it is through, on the monotonic clock.
    """

    files: list[str]
    ends: float


async def login(service: Service, values: dict[str, Any]) -> Outcome:
    """Value ``token``; ``invalid`` for an account that there is not."""
    roles = service.roles
    if roles is None or not roles.knows(str(values.get("user")), str(values.get("password"))):
        service.audit.write("refused", "unknown")
        return "invalid", {"reason": "no such account"}
    return "ok", {"token": roles.token}


async def analyses(_service: Service, _: dict[str, Any]) -> Outcome:
    """Value ``analyses``: the newest first, each with ``id``, ``symbol``, ``name``, ``score`` and ``analysis_date``."""
    at = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    stored = [
        {
            "id": number,
            "symbol": document.id.upper()[:5],
            "name": document.title,
            "score": _SCORE,
            "analysis_date": (at - dt.timedelta(days=number)).isoformat(),
        }
        for number, document in enumerate(corpus.documents()[:3], start=1)
    ]
    return "ok", {"analyses": stored, "count": len(stored)}


async def explain(service: Service, values: dict[str, Any]) -> Outcome:
    """Values ``answer``, ``analysis``, ``symbol``, ``level``, ``language``, ``model``, ``word_count``, ``took_s``.

    ``invalid`` for a level or a language that there is not, ``missing`` for an analysis that there is not;
    ``template``, where the profile has such a case, when the model server fails.
    """
    level, asked = str(values.get("level") or "standard"), str(values.get("analysis"))
    levels = service.stack.llm.detail
    if level not in levels:
        return "invalid", {"reason": f"detail_level must be one of: {', '.join(levels)}"}
    language = str(values.get("language") or "en")
    if language not in _LANGUAGES:
        return "invalid", {"reason": f"language must be one of: {', '.join(_LANGUAGES)}"}
    documents = corpus.documents()[:3]
    if not asked.isdigit() or not 0 < int(asked) <= len(documents):
        return "missing", {"reason": "Analysis not found"}
    document, start = documents[int(asked) - 1], time.monotonic()
    kept = "api:no-cache" not in service.stack.faults and service.caches and not anew(values)
    key = f"{asked} {level}" if language == "en" else f"{asked} {level} {language}"
    if kept and (found := await service.upstream.remembered(key, EVERYONE)):
        return "ok", found
    prompt = _PROMPT.format(id=document.id, text=document.text, title=document.title)
    outcome = "ok"
    try:
        text, _ = await service.upstream.generate(prompt, levels[level].max_tokens)
        if language != "en":
            translating = f"Translate into {_LANGUAGES[language]}.\n\n{text}"
            text, _ = await service.upstream.generate(translating, levels[level].max_tokens)
    except UpstreamFailed:
        if not any(
            route.does == "explain" and "template" in route.cases for route in service.stack.sandbox.routes.values()
        ):
            raise
        outcome, text = "template", f"{document.title}: the score is {_SCORE} of 10."
    told = {
        "answer": text,
        "analysis": int(asked),
        "symbol": document.id.upper()[:5],
        "level": level,
        "language": language,
        "model": service.stack.model,
        "word_count": len(text.split()),
        "took_s": round(time.monotonic() - start, 3),
    }
    if kept and outcome == "ok":
        await service.upstream.remember(key, EVERYONE, told)
    return outcome, told


async def start(service: Service, values: dict[str, Any]) -> Outcome:
    """Values ``job`` (its id: the tab and the second, as the real one), ``tab``; ``invalid`` without files."""
    files, tab = values.get("files"), str(values.get("tab"))
    if not isinstance(files, list) or not files:
        return "invalid", {"reason": "No files selected"}
    job = f"{tab}_{dt.datetime.now(dt.UTC):%Y%m%d_%H%M%S}"
    service.jobs[job] = Job([str(file) for file in files], time.monotonic() + _JOB_S)
    return "ok", {"job": job, "tab": tab}


async def job(service: Service, values: dict[str, Any]) -> Outcome:
    """Values ``state`` (running, completed), ``successful`` and ``failed``: completed also where every file failed."""
    found = service.jobs.get(str(values.get("job")))
    if found is None:
        return "missing", {"reason": "Workflow not found"}
    if time.monotonic() < found.ends:
        return "ok", {"state": "running", "successful": [], "failed": []}
    fails = service.failing.due()
    told = {"failed": found.files, "successful": []} if fails else {"failed": [], "successful": found.files}
    return "ok", {"state": "completed", **told}
