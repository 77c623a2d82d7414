"""What servers that speak OpenAI's API do differently, in their own words."""

import json

import pytest

from pytest_llmops.clients.generation import Model, bare, identity_of
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.errors import CallFailed

STREAM = b"HTTP/1.1 200 OK\r\n\r\n"
DONE = b"data: [DONE]\n\n"
META = {"vocab_type": 1, "n_vocab": 1334, "n_ctx": 4096, "n_ctx_train": 4096, "n_embd": 512}
LLAMA_CPP = {
    "id": "tiny",
    "object": "model",
    "created": 1795189032,
    "owned_by": "llamacpp",
    "meta": META | {"n_params": 41_239_040, "size": 82_478_080, "ftype": "all F16"},
}
TIMINGS = {"prompt_n": 23, "prompt_ms": 17.66, "predicted_n": 3, "predicted_ms": 6.0, "predicted_per_second": 500.0}


def event(delta=None, reason=None, **more):
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    return b"data: " + json.dumps({"choices": choices, **more}).encode() + b"\n\n"


WORDS = [event({"role": "assistant", "content": None}), event({"content": "Par"}), event({"content": "is"})]


@pytest.fixture
def openai(serve, client):
    """A client of a server that streams these events, after it has refused what ``refuses`` names."""

    def openai(*events, path="", listed=({"id": "m"},), refuses=(), **config):
        def answer(request):
            if request.method == "GET":
                return {"object": "list", "data": list(listed)}
            for word, status, text in refuses:
                if word in request.json:
                    return (status, text)
            return iter([STREAM, *events]) if request.json["stream"] else json.loads(events[0])

        server = serve(answer)
        return client("openai", url=server.url + path, **config), server

    return openai


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("", "/v1/models"),
        ("/", "/v1/models"),
        ("/v1", "/v1/models"),
        ("/v1/", "/v1/models"),
        ("/gateway", "/gateway/v1/models"),
        ("/openai/v1", "/openai/v1/models"),
        ("/v1beta/openai", "/v1beta/openai/models"),
        ("/api/paas/v4", "/api/paas/v4/models"),
    ],
)
def test_the_url_may_name_the_version(openai, path, asked):
    llm, server = openai(path=path)
    assert llm.models() == [Model("m")]
    assert server.requests[-1].path == asked


def test_a_model_of_llama_cpp_is_known_by_what_its_file_holds(openai):
    (found,) = openai(listed=[LLAMA_CPP])[0].models()
    assert found.identity == f"tiny (41.2 M parameters, 82.5 MB, {found.digest[:12]})"
    assert (found.size, found.quantisation, found.server) == (82_478_080, "all F16", "llamacpp")
    restarted = LLAMA_CPP | {"created": 1, "meta": LLAMA_CPP["meta"] | {"n_ctx": 512}}
    assert openai(listed=[restarted])[0].models() == [found]
    for key, value in {"n_params": 41_239_041, "n_embd": 1024, "ftype": "Q8_0"}.items():
        (other,) = openai(listed=[LLAMA_CPP | {"meta": LLAMA_CPP["meta"] | {key: value}}])[0].models()
        assert other.identity != found.identity


def test_a_model_of_vllm_is_known_by_its_root_and_length(openai):
    listed = {"id": "chat", "created": 1, "owned_by": "vllm", "root": "Qwen/Qwen2.5-7B", "max_model_len": 32768}
    (found,) = openai(listed=[listed])[0].models()
    assert found.identity == "chat (Qwen/Qwen2.5-7B, at most 32768 tokens)"
    (plain,) = openai(listed=[listed | {"root": "chat", "max_model_len": None}])[0].models()
    assert plain.identity == "chat"


@pytest.mark.parametrize(
    ("model", "identity"),
    [
        (Model("tiny:latest", "sha256:4ac1f6bc2d10ffff"), "tiny@4ac1f6bc2d10"),
        (Model("tiny:7b", "4ac1f6bc2d10ffff"), "tiny:7b@4ac1f6bc2d10"),
        (Model("gpt"), "gpt"),
    ],
)
def test_a_model_is_known_by_name_and_digest(model, identity):
    assert model.identity == identity


@pytest.mark.parametrize(
    ("number", "written"),
    [(999, "999 parameters"), (7_615_616_512, "7.62 B parameters"), (999_700, "1 M parameters"), (2.1e13, "21 T")],
)
def test_sizes_are_short(openai, number, written):
    (found,) = openai(listed=[{"id": "m", "meta": {"n_params": number}}])[0].models()
    assert found.traits[0].startswith(written)
    (heavy,) = openai(listed=[{"id": "m", "meta": {"size": 4_100_000_000}}])[0].models()
    assert heavy.traits == ("4.1 GB",)


def test_which_model_a_baseline_names():
    facts = {"model": "tiny:latest", "identity": "tiny@ab", "embedding_model": "vec", "embedding_identity": "vec@cd"}
    assert [identity_of(name, facts) for name in ("tiny", "tiny:latest", "vec", "big:latest", "")] == [
        "tiny@ab",
        "tiny@ab",
        "vec@cd",
        "big",
        "",
    ]
    assert identity_of("", {}) == ""
    assert bare("latest") == "latest"


def test_timings_are_the_servers_own_figure(openai):
    counted = event(usage={"completion_tokens": 3, "prompt_tokens": 23}, timings=TIMINGS)
    found = openai(*WORDS, counted, DONE, model="m")[0].generate("capital?")
    assert (found.tokens_out, found.tokens_in, found.generating_s) == (3, 23, 0.006)
    assert found.rate == (500.0, "the server's own figure")


def test_timings_count_where_there_is_no_usage(openai, ledger):
    llm, _ = openai(*WORDS, event({}, "length", timings=TIMINGS), DONE, model="m")
    assert llm.generate("capital?").tokens_out == 3
    assert ledger.spent().tokens == 3


def test_a_stream_that_says_that_it_has_finished_needs_no_done(openai):
    assert openai(*WORDS, event({}, "stop"), model="m")[0].generate("capital?").text == "Paris"
    with pytest.raises(CallFailed) as caught:
        openai(*WORDS, model="m")[0].generate("capital?")
    assert caught.value.kind == "cut-stream"


def test_a_content_in_parts(openai):
    parts = [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Paris"}, "?"]
    found = openai(event({"content": parts}), DONE, model="m")[0].generate("capital?")
    assert (found.text, found.reasoned) == ("Paris", True)


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_reasoning_that_is_not_streamed(openai, key):
    whole = {"choices": [{"message": {"content": None, key: "Hm"}}], "usage": {"completion_tokens": 9}}
    found = openai(json.dumps(whole), model="m")[0].generate("capital?", stream=False)
    assert (found.text, found.silent, found.tokens_out) == ("", False, 9)


def test_reasoning_that_is_only_counted(openai):
    usage = {"completion_tokens": 64, "completion_tokens_details": {"reasoning_tokens": 64}}
    llm, _ = openai(event({"role": "assistant", "content": ""}), event(usage=usage), DONE)
    found = llm.generate("capital?")
    assert (found.silent, found.failure, found.stream.ttft_s) == (False, "", None)
    assert llm.first_token(5) > 0


def test_hidden_reasoning_is_no_part_of_the_time_per_token(openai):
    usage = {"completion_tokens": 66, "completion_tokens_details": {"reasoning_tokens": 64}}
    found = openai(*WORDS, event(usage=usage), DONE, model="m")[0].generate("capital?")
    first, last = found.stream.token_times_s
    assert (found.tokens_out, found.stream.hidden, found.stream.reasoned) == (66, 64, False)
    assert found.stream.tokens_streamed == 2
    assert found.stream.tpot_s == (None if first == last else pytest.approx(last - first))  # read together, or not


def test_reasoning_that_is_streamed_is_not_hidden(openai):
    usage = {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}}
    thinks = event({"reasoning_content": "Hm"})
    stream = openai(thinks, *WORDS, event(usage=usage), DONE, model="m")[0].generate("capital?").stream
    assert (stream.reasoned, stream.hidden, stream.tokens_streamed) == (True, 0, 9)


NO_OPTIONS = (
    "stream_options",
    422,
    '{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}',
)
OLD_NAME = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
NO_CHOICE = "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is supported."
NEW_NAME = ("max_tokens", 400, json.dumps({"error": {"message": OLD_NAME, "param": "max_tokens"}}, indent=2))
NO_TEMPERATURE = ("temperature", 400, json.dumps({"error": {"message": NO_CHOICE, "param": "temperature"}}))


def test_a_word_that_is_refused_is_left_out_from_then_on(openai):
    llm, server = openai(*WORDS, DONE, model="o9", refuses=[NEW_NAME, NO_OPTIONS, NO_TEMPERATURE])
    assert llm.generate("capital?").text == "Paris"
    assert len(server.requests) == 4
    asked = {"model": "o9", "messages": [{"role": "user", "content": "capital?"}], "stream": True}
    assert server.requests[-1].json == asked | {"max_completion_tokens": 64}
    assert llm.generate("capital?", max_tokens=5).text == "Paris"
    assert len(server.requests) == 5
    assert server.requests[-1].json == asked | {"max_completion_tokens": 5}


def test_it_is_learnt_from_an_answer_that_is_not_streamed_too(openai):
    whole = json.dumps({"choices": [{"message": {"content": "Paris"}}]})
    llm, server = openai(whole, model="o9", refuses=[NEW_NAME])
    assert [llm.generate("capital?", stream=False).text for _ in range(2)] == ["Paris", "Paris"]
    assert ["max_tokens" in request.json for request in server.requests] == [True, False, False]


@pytest.mark.parametrize("stream", [True, False])
def test_any_other_refusal_is_said_at_once(openai, stream):
    long = '{"error":{"message":"request (20016 tokens) exceeds the available context size (4096 tokens)"}}'
    llm, server = openai(model="m", refuses=[("messages", 400, long)])
    with pytest.raises(CallFailed) as caught:
        llm.generate("capital?", stream=stream)
    assert str(caught.value) == f"openai: POST /v1/chat/completions answered 400: {long}"
    assert len(server.requests) == 1


def test_a_request_that_is_said_back_refuses_no_word_of_it(openai):
    said = {"detail": [{"type": "missing", "loc": ["body", "user"], "input": {"temperature": 0, "stream_options": {}}}]}
    llm, server = openai(model="m", refuses=[("messages", 422, json.dumps(said))])
    with pytest.raises(CallFailed) as caught:
        llm.generate("capital?")
    assert str(caught.value) == f"openai: POST /v1/chat/completions answered 422: {json.dumps(said)}"
    assert len(server.requests) == 1


def test_a_prompt_that_is_said_back_refuses_no_word_of_it(openai):
    said = {"detail": [{"msg": "Field required", "loc": ["body", "user"], "input": "Which temperature melts iron?"}]}
    llm, server = openai(model="m", refuses=[("messages", 422, json.dumps(said))])
    with pytest.raises(CallFailed):
        llm.generate("Which temperature melts iron?")
    assert len(server.requests) == 1


@pytest.mark.parametrize("stream", [True, False])
def test_a_word_is_left_out_once(openai, stream):
    llm, server = openai(model="m", refuses=[("messages", 400, "no temperature, and no max_completion_tokens at all")])
    with pytest.raises(CallFailed):
        llm.generate("capital?", stream=stream)
    assert len(server.requests) == 3


class Loading:
    """A server that says that it is loading for so many calls; its list lacks ``meta`` until then, as llama.cpp's."""

    def __init__(self, calls):
        self.left = calls

    def __call__(self, request):
        ready = self.left <= 0
        if request.method == "GET":
            return {"data": [LLAMA_CPP if ready else LLAMA_CPP | {"meta": None}]}
        self.left -= 1
        if not ready:
            return (503, '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}')
        return iter([STREAM, event({"content": "Hi"}, system_fingerprint="b6402-ab12"), DONE])


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("pytest_llmops.clients.llm.LOADING_PAUSE_S", 0.01)


def test_a_server_that_is_loading_is_waited_for(serve, client, impatient):
    found = preflight(client("openai", url=serve(Loading(3)).url), 5.0)
    assert (found.ok, found.level) == (True, "generates")
    assert found.facts["identity"].startswith("tiny (41.2 M parameters, 82.5 MB, ")
    assert found.facts["server"] == "llamacpp b6402-ab12"
    assert found.facts["quantisation"] == "all F16"


def test_a_server_that_is_loading_for_too_long_is_not_there(serve, client, impatient):
    found = preflight(client("openai", url=serve(Loading(10_000)).url), 0.2)
    assert (found.ok, found.level) == (False, "model listed")
    assert "POST /v1/chat/completions answered 503: " in found.reason
    assert "Loading model" in found.reason


def test_a_server_that_is_down_behind_its_gateway_is_not_waited_for(serve, client):
    server = serve(lambda _: (503, "no healthy upstream"))
    assert not preflight(client("openai", url=server.url), 60.0).ok
    assert [request.path for request in server.requests] == ["/v1/models"]


@pytest.mark.parametrize("status", [404, 500])
def test_without_its_list_a_model_by_name_is_proved_by_a_token(serve, client, status):
    def answer(request):
        return (status, "no list") if request.method == "GET" else iter([STREAM, event({"content": "Hi"}), DONE])

    url = serve(answer).url
    found = preflight(client("openai", url=url, model="mine"), 5.0)
    assert (found.ok, found.level, found.facts["identity"]) == (True, "generates", "mine")
    assert not preflight(client("openai", url=url), 5.0).ok


def test_where_nothing_is_found_the_url_is_doubted(serve, client):
    found = preflight(client("openai", url=serve(lambda _: (404, "what?")).url, model="mine"), 5.0)
    said = (
        "POST /v1/chat/completions answered 404, and so did GET /v1/models: does the path of the url lack something "
        "(level reached: model listed)"
    )
    assert not found.ok
    assert said in found.reason
