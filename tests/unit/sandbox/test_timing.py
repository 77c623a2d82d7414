"""What the model server notes of its streams, against what a client sees of them."""

import time

import httpx
import pytest

SAID = {"model": "harbour-small", "prompt": "Who pays for return shipping?", "messages": [{"content": "x"}]}
ROUTES = ["/api/generate", "/api/chat", "/v1/completions", "/v1/chat/completions"]


@pytest.mark.parametrize("path", ROUTES)
def test_each_token_is_noted_when_it_is_written(start, engine, path):
    sandbox = start("ollama", engine=engine)
    body = {**SAID, "stream": True, "max_tokens": 6, "options": {"num_predict": 6}}
    began = time.monotonic()
    with sandbox.http.stream("POST", f"{sandbox.url.ollama}{path}", json=body) as response:
        response.read()
    ended = time.monotonic()
    (noted,) = sandbox.lines("tokens.jsonl")
    assert noted["path"] == path
    assert len(noted["written"]) == 6
    assert [began, noted["arrived"], *noted["written"], ended] == sorted(
        [began, noted["arrived"], *noted["written"], ended]
    )


def test_what_is_not_streamed_is_not_noted(start):
    sandbox = start("ollama")
    sandbox.http.post(f"{sandbox.url.ollama}/api/generate", json={**SAID, "stream": False})
    assert sandbox.lines("tokens.jsonl") == []


def test_a_stream_that_is_cut_is_noted_as_far_as_it_came(start):
    sandbox = start("ollama", ["llm:cut-stream"])
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.http.post(f"{sandbox.url.ollama}/api/generate", json=SAID)
    assert [len(noted["written"]) for noted in sandbox.lines("tokens.jsonl")] == [1]
