"""Known servers, each recognised by what it answers: never by its port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_llmops.errors import first_of
from pytest_llmops.probe.keys import key_for
from pytest_llmops.probe.models import SHOWN, Models, sorted_out
from pytest_llmops.probe.proposal import Entry, Found, Key, Section
from pytest_llmops.probe.shapes import listed, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.probe.asking import Asker, Settings
    from pytest_llmops.probe.openapi import Document

MADE_UP = "/llmops-no-such-path"
"""A path that nobody has."""

CHAT = "/v1/chat/completions"
"""Where whatever speaks OpenAI's API is asked to generate."""

COLLECTIONS = 20
"""So many collections are asked for their points."""

BEHIND = "models behind its key"
UNSEEN = Entry("model", "NAME", "the one that is timed; its list is behind the key", on=False)
"""What stands for a list of models that was refused."""

BUILDERS = {"vllm": "vLLM", "llamacpp": "llama.cpp", "sglang": "SGLang", "library": "Ollama"}
"""Servers by the ``owned_by`` of their models."""


def own(asker: Asker, entries: list[Entry], key: Key | None, notes: tuple[str, ...] = ()) -> Section:
    """A component's own table: its address, its key, its certificates, then the rest."""
    return Section((), (*access(asker.settings, asker.url, key), *entries), notes)


def access(settings: Settings, url: str, key: Key | None) -> Iterator[Entry]:
    """The lines that say how a component is reached."""
    yield Entry("url", url)
    if key is not None and key.accepted is False:
        yield Entry(
            "auth", key.auth, f"MIND: it does not take the key in {key.variable}; it wants {key.holds}", on=False
        )
    elif key is not None:
        yield Entry("auth", key.auth, f"{key.variable} holds {key.holds}; secrets are named, never stored")
    tls = settings.tls_of(url)
    if tls:
        warning = "ANY certificate will do: never for production" if tls.get("verify") is False else ""
        yield Entry("tls", tls, warning or "signs the server's certificate; relative to this file")


def ollama(asker: Asker) -> Found | None:
    """Ollama: a version and a list of models, each at its own path."""
    version = asker.table("/api/version").get("version")
    greets = asker.get("/")
    if version is None and not (greets and greets.text.strip() == "Ollama is running"):
        return None
    key = key_for(asker, "ollama", "/api/tags")
    tags = asker.table("/api/tags")
    if "models" not in tags and not asker.shut("/api/tags"):
        return None
    raw = [table(item) for item in listed(tags.get("models"))]
    models = sorted_out(
        [(str(one["name"]), str(table(one.get("details")).get("family"))) for one in raw if "name" in one]
    )
    also = ("It speaks OpenAI's API too, below /v1: a component `openai` with the same url would check that as well.",)
    notes = also if table(asker.json("/v1/models")).get("object") == "list" else ()
    shut = asker.shut("/api/tags") is not None
    return Found(
        "ollama",
        asker.url,
        f"Ollama {version or ''}".strip() + f", {BEHIND if shut else models.says}",
        (own(asker, [UNSEEN] if shut else models.entries(), key, notes),),
        key,
        () if shut else tuple(models.missing("ollama pull NAME, and name it here as model")),
    )


def openai(asker: Asker) -> Found | None:
    """Whatever lists models as OpenAI does."""
    found = asker.table("/v1/models")
    if not isinstance(found.get("data"), list) or not all(table(one).get("id") for one in found["data"]):
        return _shut_openai(asker)
    # llama.cpp lists its models to everybody, and wants its key for the rest.
    key = key_for(asker, "openai", CHAT)
    models = sorted_out([(str(one["id"]), "") for one in found["data"]])
    return _openai(asker, models, key, _builder(asker, found["data"]))


def _shut_openai(asker: Asker) -> Found | None:
    shut = asker.shut("/v1/models")
    if shut is None:
        return None
    says_error = shut.is_json and "message" in table(table(shut.json()).get("error"))
    if asker.shut(MADE_UP) and not says_error:
        return None  # it wants a key for anything, so this tells nothing
    key = key_for(asker, "openai", "/v1/models")
    if key is not None and key.accepted:
        return openai(asker)
    return _openai(asker, None, key, "OpenAI's API")


def unlisted(asker: Asker, document: Document) -> Found | None:
    """A server whose schema has OpenAI's chat though its list of models fails, as ``transformers serve`` offline."""
    chats = [one for one in document.operations() if one.method == "POST" and one.path.endswith("/chat/completions")]
    chat = next((one for one in chats if CHAT in {one.path, document.prefix + one.path}), None)
    if chat is None:
        return None
    key = key_for(asker, "openai", CHAT, list(chat.keys))
    listing = asker.get("/v1/models")
    said = f"answers {listing.status} without a list" if listing is not None else "gives no whole answer"
    model = Entry("model", "NAME", "has to be named: its list of models fails", on=False)
    loud = f"{said} to GET /v1/models: name the one to time as model"
    return Found("openai", asker.url, "OpenAI's API, no list of models", (own(asker, [model], key),), key, (loud,))


def _openai(asker: Asker, models: Models | None, key: Key | None, builder: str) -> Found:
    says = f"{builder}, {models.says if models else BEHIND}"
    entries = models.entries() if models else [UNSEEN]
    loud = tuple(models.missing("name the one to time as model")) if models else ()
    return Found("openai", asker.url, says, (own(asker, entries, key),), key, loud)


def _builder(asker: Asker, data: list[dict[str, Any]]) -> str:
    """Which server it is, where it says so."""
    owner = str(data[0].get("owned_by")) if data else ""
    name = BUILDERS.get(owner, "OpenAI's API")
    version = asker.table("/version").get("version") if owner == "vllm" else None
    return f"{name} {version}" if version else name


def qdrant(asker: Asker) -> Found | None:
    """Qdrant: its title at /, or its list of collections."""
    greets = asker.table("/")
    named = "qdrant" in str(greets.get("title", "")).lower()
    if not named and not isinstance(table(asker.table("/collections").get("result")).get("collections"), list):
        return None
    key = key_for(asker, "qdrant", "/collections")
    raw = listed(table(asker.table("/collections").get("result")).get("collections"))
    names = [str(table(one)["name"]) for one in raw if "name" in table(one)]
    entries, said = _collection(asker, names)
    if asker.shut("/collections"):
        entries = [Entry("collection", "NAME", "the one that is searched; its list is behind the key", on=False)]
        said = "collections behind its key"
    version = f" {greets['version']}" if "version" in greets else ""
    return Found("qdrant", asker.url, f"Qdrant{version}, {said}", (own(asker, entries, key),), key)


def _collection(asker: Asker, names: list[str]) -> tuple[list[Entry], str]:
    """The collection with the most points, and the first of its named vectors."""
    asked = {
        name: table(asker.table(f"/collections/{quote(name, safe='')}").get("result")) for name in names[:COLLECTIONS]
    }
    if not asked:
        return [Entry("collection", "NAME", "it has none yet; the one that is searched", on=False)], "no collections"
    points = {name: found.get("points_count") or 0 for name, found in asked.items()}
    most = max(asked, key=lambda name: points[name])
    others = tuple(name for name in names if name != most)
    rest = f"; also there: {first_of(others, SHOWN)}" if others else ""
    entries = [Entry("collection", most, f"{points[most]} points{rest}")]
    vectors = table(table(table(asked[most].get("config")).get("params")).get("vectors"))
    if vectors and "size" not in vectors:
        rest = f"; also there: {first_of(tuple(vectors)[1:], SHOWN)}" if len(vectors) > 1 else ""
        entries.append(Entry("vector", next(iter(vectors)), f"which of its named vectors is searched{rest}"))
    return entries, f"{most} ({points[most]} points)"


def prometheus(asker: Asker) -> Found | None:
    """Prometheus, and what answers as it does: its build information, or its own words for being ready."""
    data = table(asker.table("/api/v1/status/buildinfo").get("data"))
    ready = asker.get("/-/ready")
    ready_words = bool(ready and ready.status < 300 and "Prometheus" in ready.text and "Ready" in ready.text)
    if not ready_words and not ("version" in data and "revision" in data):
        return None
    key = key_for(asker, "prometheus", "/api/v1/status/buildinfo")
    version = table(asker.table("/api/v1/status/buildinfo").get("data")).get("version", "")
    return Found("prometheus", asker.url, f"Prometheus {version}".strip(), (own(asker, [], key),), key)


def alertmanager(asker: Asker) -> Found | None:
    """Alertmanager: its status."""
    found = asker.table("/api/v2/status")
    if "versionInfo" not in found or "cluster" not in found:
        return None
    key = key_for(asker, "alertmanager", "/api/v2/status")
    version = table(found["versionInfo"]).get("version", "")
    says = f"Alertmanager {version}".strip()
    return Found("alertmanager", asker.url, says, (own(asker, [], key),), key)


def grafana(asker: Asker) -> Found | None:
    """Grafana: its health names its database; the version may be hidden."""
    found = asker.table("/api/health")
    if "database" not in found or set(found) - {"database", "version", "commit", "enterpriseCommit"}:
        return None
    if "commit" not in found:
        page = asker.get("/login")
        if page is None or "grafana" not in page.text.lower():
            return None
    key = key_for(asker, "grafana", "/api/search")
    version = found.get("version", "")
    return Found("grafana", asker.url, f"Grafana {version}".strip(), (own(asker, [], key),), key)
