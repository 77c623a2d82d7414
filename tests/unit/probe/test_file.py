import re
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.probe import file, health, routes, vitals
from pytest_llmops.probe.openapi import Document
from pytest_llmops.probe.proposal import Discovery, Entry, Found, Key, Section
from pytest_llmops.probe.route_tables import query_sections
from pytest_llmops.target.load import load

KINDS = ("api", "ollama", "openai", "qdrant", "redis", "prometheus", "alertmanager", "grafana")
"""What `llmops init` knows at an address."""
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
ROUTE = Section(
    ("routes", "query"),
    (Entry("method", "POST"), Entry("path", "/ask"), Entry("body", {"q": "{prompt}"}), Entry("answer", "a")),
)


def component(kind, url="", says="", sections=(), loud=()):
    scheme = "redis" if kind == "redis" else "http"
    own = Section((), (Entry("url", url or f"{scheme}://127.0.0.1:1"),))
    return Found(kind, "", says or kind, (own, *sections), loud=tuple(loud))


def written(tmp_path, discovery, name="here"):
    """The file's text, and what it loads as; once more with every suggestion switched on."""
    text = file.text(discovery, name, "staging")
    path = tmp_path / "llmops.toml"
    path.write_text(re.sub(r"(?m)^#(?=[^ \n])", "", text), encoding="utf-8")
    load(path, None, tmp_path, {})
    path.write_text(text, encoding="utf-8")
    return text, load(path, None, tmp_path, {})


@pytest.mark.parametrize("kinds", [some for many in range(1, len(KINDS) + 1) for some in combinations(KINDS, many)])
def test_every_combination_of_components_loads(tmp_path, kinds):
    sections = {"api": (ROUTE,)}
    found = Discovery(tuple(component(kind, sections=sections.get(kind, ())) for kind in kinds))
    _, target = written(tmp_path, found)
    assert tuple(target.table.components.configured()) == kinds
    assert target.notes == ()
    profile = {("ollama",): "ollama", ("openai",): "openai-compatible"}.get(kinds, "none")
    assert (target.name, target.table.profile, target.table.environment) == ("here", profile, "staging")


@given(
    model=TEXTS,
    names=st.dictionaries(TEXTS, TEXTS, max_size=3),
    body=st.dictionaries(TEXTS, st.recursive(TEXTS | st.integers() | st.none(), st.lists, max_leaves=4), max_size=3),
    words=st.lists(st.text(), min_size=3, max_size=3),
)
def test_whatever_a_server_calls_itself_the_file_loads_and_says_it(tmp_path_factory, model, names, body, words):
    says, comment, loud = words
    api = component(
        "api",
        says=says,
        sections=(
            Section(("routes", "query"), (Entry("path", model, comment), Entry("body", body))),
            Section(("health",), (Entry("accept", {"status": [model]}, comment),), (comment,)),
            Section(
                ("health", "dependencies"),
                tuple(Entry(name, {"path": "a", "accept": [word]}, comment) for name, word in names.items()),
            ),
        ),
        loud=(loud,),
    )
    openai = Found("openai", "", says, (Section((), (Entry("url", "http://h"), Entry("model", model, comment))),))
    again = (Found("openai", says, comment),)
    _, target = written(tmp_path_factory.mktemp("file"), Discovery((api, openai), again))
    parts = target.table.components
    assert parts.openai.model == model
    assert parts.api.routes["query"].path == model
    assert parts.api.health.accept == {"status": [model]}
    assert {name: one.accept for name, one in parts.api.health.dependencies.items()} == {
        name: [word] for name, word in names.items()
    }
    assert set(parts.api.routes["query"].body) == {key for key, value in body.items() if value is not None}


def test_the_whole_file(tmp_path):
    key = Key({"bearer": "HERE_OPENAI_API_KEY"}, "HERE_OPENAI_API_KEY", "the token")
    entries = (
        Entry("url", "http://127.0.0.1:8000"),
        Entry("auth", key.auth, "HERE_OPENAI_API_KEY holds the token; secrets are named, never stored"),
        Entry("model", "tiny", "the one that is timed"),
        Entry("models", ["tiny"], "must all be there, and generate", on=False),
    )
    found = Found("openai", "http://127.0.0.1:8000", "vLLM 0.10, tiny", (Section((), entries),), key, ("is slow",))
    again = Found("openai", "http://127.0.0.1:8001", "llama.cpp, big")
    text, _ = written(tmp_path, Discovery((found,), (again,)))
    until = re.search(r"until = (\S+)", text)[1]
    assert (
        text
        == f"""\
# Written by `llmops init` from what answered; yours to edit. `llmops doctor` checks it.
# A # with a blank behind it is a remark; a # without one is a setting that you may switch on.

default_target = "here"

[targets.here]
profile = "openai-compatible"  # ready settings for such a server; whatever stands below goes first
environment = "staging"        # production | staging | development

# openai: vLLM 0.10, tiny
# One component of a kind: http://127.0.0.1:8001 (llama.cpp, big) is left out; it takes a target of its own.
# MIND: it is slow.
[targets.here.components.openai]
url = "http://127.0.0.1:8000"
auth = {{ bearer = "HERE_OPENAI_API_KEY" }}  # HERE_OPENAI_API_KEY holds the token; secrets are named, never stored
model = "tiny"                             # the one that is timed
#models = ["tiny"]                         # must all be there, and generate

# Your own limits. Without any, what is timed is compared with its baseline alone.
#[targets.here.thresholds."generation_latency.ttft"]
#target = "< 2 s"  # missed: the check fails

#[targets.here.thresholds."sustained_generation.p95"]
#target = "< 10 s"  # missed: the check fails

# Your own questions; the first one replaces the general ones that are asked now. Ten make a good set.
#[[targets.here.prompts]]
#id = "refunds"      # stable: runs are compared question by question
#text = "How long is the refund window?"
#expect = "30 days"  # read where an api answers questions

# A check that may be red for a while: it is measured, and shown as waived.
#[[targets.here.waivers]]
#check = "daily/test_models.py::test_every_model_generates"  # as the summary names it
#reason = "a model is being replaced"
#owner = "me"
#until = {until}                                          # from this day on it is red again

# What one run may cost at most.
#[targets.here.budget]
#seconds = 600  # of measuring
#requests = 2000
#tokens = 200000
"""
    )


def test_a_limit_for_queries_is_proposed_only_where_queries_are_asked(tmp_path):
    unasked = component("api", sections=(replace(ROUTE, on=False),))
    text, _ = written(tmp_path, Discovery((unasked, component("ollama"))))
    assert "generation_latency.ttft" in text
    assert "query_latency" not in text
    assert "read where an api answers questions" in text
    assert "query_latency.p90" in written(tmp_path, Discovery((component("api", sections=(ROUTE,)),)))[0]


KEYS = [
    "type",
    "properties",
    "required",
    "items",
    "anyOf",
    "enum",
    "default",
    "format",
    "question",
    "answer",
    "sources",
]
SCHEMAS = st.recursive(
    TEXTS | st.sampled_from(["object", "string", "array", "boolean"]) | st.booleans() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS) | TEXTS, inner),
    max_leaves=30,
)


@given(body=st.dictionaries(TEXTS, SCHEMAS), answer=st.dictionaries(TEXTS, SCHEMAS), data=st.data())
def test_whatever_a_schema_says_the_file_loads(tmp_path_factory, body, answer, data):
    required = data.draw(st.lists(st.sampled_from([*body, "query"])))
    asked = {"type": "object", "required": required, "properties": {**body, "query": {"type": "string"}}}
    replied = {"type": "object", "properties": answer}
    operation = {
        "requestBody": {"content": {"application/json": {"schema": asked}}},
        "responses": {"200": {"content": {"application/json": {"schema": replied}}}},
    }
    path = f"/chat/{data.draw(TEXTS)}"
    found = routes.candidates(Document({"openapi": "3.1.0", "paths": {path: {"post": operation}}}))
    sections = tuple(query_sections(found, "", has_schema=True))
    written(tmp_path_factory.mktemp("file"), Discovery((component("api", sections=sections),)))


STATES = st.sampled_from(["ok", "down", "UP", "weird", True, False])


@given(st.dictionaries(TEXTS, st.dictionaries(TEXTS, STATES) | STATES), STATES)
def test_whatever_a_health_body_says_the_file_loads(tmp_path_factory, body, status):
    reading = health.read({**body, "services": body, "status": status, "timestamp": 2e9})
    sections = tuple(vitals.sections(vitals.Vital("/health", 200, reading)))
    _, target = written(tmp_path_factory.mktemp("file"), Discovery((component("api", sections=sections),)))
    rule = target.table.components.api.health
    assert {name: one.path for name, one in rule.dependencies.items()} == {
        name: one.path for name, one in reading.dependencies.items()
    }


def test_long_comments_stand_above_and_are_wrapped(tmp_path):
    section = Section((), (Entry("url", "http://h/" + "x" * 70, "why " * 40),), ("note " * 40,))
    text, _ = written(tmp_path, Discovery((Found("ollama", "", "o", (section,)),)))
    assert max(len(line) for line in text.splitlines()) <= 120
    lines = text.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("url = "))
    assert lines[at - 1].startswith("# why why")
