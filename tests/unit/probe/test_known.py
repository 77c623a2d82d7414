import pytest

from pytest_llmops.probe import file
from pytest_llmops.target.load import load


def schema(*paths, title="API"):
    operations = {path: {"post": {"responses": {}}} for path in paths}
    return {"openapi": "3.1.0", "info": {"title": title, "version": "1"}, "paths": operations}


INFO = {"configuration": {"collection_name": "aegis_docs_v2"}}
ANSWERS = {
    "voyageur": {"/api/v1/analytics/health/metrics/": {"status": "healthy", "metrics_enabled": True}},
    "document-enhancer": {"/openapi.json": schema("/run/{tab_id}", "/llm-providers", "/taxonomy-files")},
    "enterprise-pipeline": {"/openapi.json": schema("/api/v1/query", "/api/v1/feedback/stats", "/health")},
    "aegis-rag": {"/openapi.json": schema("/chat", "/info", "/health"), "/info": INFO},
    "aegis-rag-compose": {
        "/openapi.json": schema("/chat", "/chat/stream", "/v1/models", "/v1/chat/completions"),
        "/v1/models": {"object": "list", "data": [{"id": "aegis-rag-model"}]},
    },
}


@pytest.mark.parametrize("profile", ANSWERS)
def test_a_real_system_is_known_by_what_no_other_has(serve, look, tmp_path, profile):
    url = serve(ANSWERS[profile]).url
    found = look(url)
    (one,) = found.found
    assert (one.kind, one.profile) == ("api", profile)
    assert one.says.endswith(f"known as {profile}")
    written = tmp_path / "llmops.toml"
    written.write_text(file.text(found, "here", "staging"))
    target = load(written, None, tmp_path, {})
    assert (target.table.profile, target.component("api").url) == (profile, url)
    assert target.table.components.api.routes


@pytest.mark.parametrize(
    "answers",
    [
        {"/openapi.json": schema("/chat", "/info"), "/info": {"name": "another"}},
        {"/openapi.json": schema("/api/v1/query")},
        {"/api/v1/analytics/health/metrics/": {"status": "healthy"}},
    ],
)
def test_what_is_only_like_one_is_none(serve, look, answers):
    assert [one.profile for one in look(serve(answers).url).found] in ([], [""])
