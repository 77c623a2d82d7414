"""OpenAI's API, as a client sees it."""

import base64
import json
import struct

import pytest

QUESTION = "Who pays for return shipping?"
MESSAGES = [{"role": "user", "content": QUESTION}]


@pytest.fixture
def ask(stack):
    def post(path, **body):
        return stack.http.post(f"{stack.url.openai}/v1{path}", json={"model": "harbour-small", **body})

    return post


def _events(response):
    assert response.headers["content-type"] == "text/event-stream"
    *events, last = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert last == "[DONE]"
    return [json.loads(event) for event in events]


def test_models_are_listed_by_their_names(stack):
    listed = stack.http.get(f"{stack.url.openai}/v1/models").json()
    assert listed["object"] == "list"
    assert [model["id"] for model in listed["data"]] == ["harbour-small", "harbour-large", "harbour-embed"]
    assert {model["object"] for model in listed["data"]} == {"model"}


def test_a_chat_without_streaming(ask):
    answer = ask("/chat/completions", messages=MESSAGES).json()
    [choice] = answer["choices"]
    assert answer["object"] == "chat.completion"
    assert "customer" in choice["message"]["content"]
    assert (choice["message"]["role"], choice["finish_reason"]) == ("assistant", "stop")
    said = len(choice["message"]["content"].split())
    assert answer["usage"] == {"prompt_tokens": 5, "completion_tokens": said, "total_tokens": 5 + said}


@pytest.mark.parametrize("key", ["max_tokens", "max_completion_tokens"])
def test_a_limit_ends_the_answer(ask, key):
    answer = ask("/chat/completions", messages=MESSAGES, **{key: 3}).json()
    assert answer["usage"]["completion_tokens"] == 3
    assert answer["choices"][0]["finish_reason"] == "length"


def test_a_stream_starts_with_an_empty_role_chunk(ask):
    role, *tokens, last = _events(ask("/chat/completions", messages=MESSAGES, stream=True, max_tokens=4))
    assert role["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert [event["choices"][0]["delta"]["content"] for event in tokens] == ["Return", " shipping", " is", " paid"]
    assert {event["object"] for event in tokens} == {"chat.completion.chunk"}
    assert (last["choices"][0]["delta"], last["choices"][0]["finish_reason"]) == ({}, "length")
    assert not any("usage" in event for event in (role, *tokens, last))


def test_usage_comes_last_where_it_is_asked_for(ask):
    options = {"include_usage": True}
    *events, usage = _events(ask("/chat/completions", messages=MESSAGES, stream=True, stream_options=options))
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] == len(events) - 2
    assert all(event["usage"] is None for event in events)


def test_a_completion(ask):
    whole = ask("/completions", prompt=QUESTION, max_tokens=4).json()
    assert (whole["object"], whole["choices"][0]["text"]) == ("text_completion", "Return shipping is paid")
    events = _events(ask("/completions", prompt=QUESTION, max_tokens=4, stream=True))
    assert "".join(event["choices"][0]["text"] for event in events) == "Return shipping is paid"


def test_embeddings_plain_and_packed(ask):
    plain = ask("/embeddings", model="harbour-embed", input=["a refund", "a parcel"]).json()
    packed = ask("/embeddings", model="harbour-embed", input="a refund", encoding_format="base64").json()
    assert [entry["index"] for entry in plain["data"]] == [0, 1]
    assert plain["usage"] == {"prompt_tokens": 4, "total_tokens": 4}
    numbers = struct.unpack("<256f", base64.b64decode(packed["data"][0]["embedding"]))
    assert numbers == pytest.approx(plain["data"][0]["embedding"], abs=1e-6)


def test_errors_have_their_shape(ask):
    unknown = ask("/chat/completions", model="gpt", messages=MESSAGES)
    assert unknown.status_code == 404
    assert unknown.json()["error"] == {
        "message": "model 'gpt' not found",
        "type": "invalid_request_error",
        "param": None,
        "code": "model_not_found",
    }
    assert ask("/chat/completions").status_code == 400


def test_fault_errors_have_their_shape_too(start):
    sandbox = start("ollama", ["llm:errors=1"])
    body = {"model": "harbour-small", "messages": MESSAGES}
    failed = sandbox.http.post(f"{sandbox.url.ollama}/v1/chat/completions", json=body)
    assert (failed.status_code, failed.json()["error"]["type"]) == (500, "server_error")


@pytest.mark.parametrize("name", ["ollama", "openai"])
def test_both_ways_of_speaking_ask_for_the_same_key(stack, name):
    """As a gateway in front of one server does; ``/health`` alone is for everybody."""
    asked = {
        "ollama": [
            ("GET", "/api/tags", None),
            ("POST", "/api/generate", {"model": "harbour-small", "prompt": QUESTION}),
        ],
        "openai": [
            ("GET", "/v1/models", None),
            ("POST", "/v1/chat/completions", {"model": "harbour-small", "messages": MESSAGES}),
            ("POST", "/v1/embeddings", {"model": "harbour-embed", "input": QUESTION}),
        ],
    }[name]
    key = f"Bearer {stack.environ['LLMOPS_SANDBOX_OLLAMA_KEY']}"
    for method, path, body in asked:
        statuses = [
            stack.http.request(
                method, f"{stack.url.openai}{path}", json=body, headers={"Authorization": shown}
            ).status_code
            for shown in ("", "Bearer made-up", key)
        ]
        assert (path, statuses) == (path, [401, 401, 200])


def test_no_key_is_good_where_a_fault_has_another_one_asked_for(start):
    sandbox = start("openai-compatible", ["llm:keyed"])
    assert sandbox.http.get(f"{sandbox.url.openai}/v1/models").status_code == 401
