import json
import time
from itertools import chain

import pytest

from pytest_llmops.clients.generation import Generation, Model
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.samples import Prompt, Stream

STREAM = b"HTTP/1.1 200 OK\r\n\r\n"
PAUSE_S = 0.03


def ollama_chunk(**more):
    return json.dumps({"model": "m", "done": False, **more}).encode() + b"\n"


def openai_chunk(usage=None, **delta):
    choices = [{"index": 0, "delta": delta}] if delta or usage is None else []
    return b"data: " + json.dumps({"choices": choices, "usage": usage}).encode() + b"\n\n"


def thinks(kind, text):
    return ollama_chunk(thinking=text, response="") if kind == "ollama" else openai_chunk(reasoning_content=text)


def says(kind, text):
    return ollama_chunk(response=text) if kind == "ollama" else openai_chunk(content=text)


def ends(kind, tokens=None):
    if kind == "ollama":
        counts = {"eval_count": tokens, "prompt_eval_count": 9, "eval_duration": 500_000_000, "load_duration": 0}
        return ollama_chunk(response="", done=True, **(counts if tokens else {}))
    usage = {"completion_tokens": tokens, "prompt_tokens": 9}
    return (openai_chunk(usage=usage) if tokens else b"") + b"data: [DONE]\n\n"


def starts(kind):
    """What comes before the first token: a role frame, or a chunk without text."""
    return (
        ollama_chunk(response="") if kind == "ollama" else b": hello\n\n" + openai_chunk(role="assistant", content="")
    )


@pytest.fixture(params=["ollama", "openai"])
def kind(request):
    return request.param


@pytest.fixture
def streaming(serve, client, kind):
    """A client of a server that streams these parts, with a pause before each."""

    def streaming(*parts, **config):
        def answer(_):
            yield STREAM
            for part in parts:
                time.sleep(PAUSE_S)
                yield part

        server = serve(answer)
        return client(kind, url=server.url, **{"model": "m", **config}), server

    return streaming


def test_the_first_token_is_the_first_that_is_not_empty(streaming, kind):
    llm, _ = streaming(starts(kind), starts(kind), says(kind, "Par"), says(kind, "is"), ends(kind, 5))
    found = llm.generate("capital?")
    assert found.text == "Paris"
    assert len(found.stream.token_times_s) == 2
    assert found.stream.ttft_s > 2.9 * PAUSE_S
    assert found.first_answer_s == found.stream.ttft_s


def test_reasoning_counts_for_the_first_token_and_not_for_the_answer(streaming, kind):
    llm, _ = streaming(starts(kind), thinks(kind, "Hm"), says(kind, "Paris"), ends(kind, 5))
    found = llm.generate("capital?")
    assert found.text == "Paris"
    assert len(found.stream.token_times_s) == 2
    assert found.first_answer_s == found.stream.token_times_s[1]
    assert found.first_answer_s > found.stream.ttft_s + 0.5 * PAUSE_S


def test_the_servers_counts_are_used_and_charged(streaming, kind, ledger):
    llm, _ = streaming(says(kind, "Par"), says(kind, "is"), ends(kind, 7))
    found = llm.generate("capital?")
    assert (found.tokens_out, found.tokens_in) == (7, 9)
    assert found.stream.tpot_s == pytest.approx((found.stream.token_times_s[1] - found.stream.ttft_s) / 6)
    assert (ledger.spent().requests, ledger.spent().tokens) == (1, 7)
    assert found.tokens_per_second == (14.0 if kind == "ollama" else None)


def test_without_counts_there_is_no_rate(streaming, kind, ledger):
    llm, _ = streaming(says(kind, "Paris"), ends(kind))
    found = llm.generate("capital?")
    assert (found.tokens_out, found.tokens_in, found.stream.tpot_s, found.tokens_per_second) == (None,) * 4
    assert ledger.spent().tokens == 0


PATH = {"ollama": "POST /api/generate", "openai": "POST /v1/chat/completions"}


def test_a_stream_without_its_end_was_cut(streaming, kind):
    llm, _ = streaming(says(kind, "Par"))
    with pytest.raises(CallFailed) as caught:
        llm.generate("capital?")
    assert (caught.value.kind, str(caught.value)) == (
        "cut-stream",
        f"{kind}: {PATH[kind]} was cut before its last chunk.",
    )


@pytest.mark.parametrize("text", [b"<html>", b"[1]", b"null", b'{"error": "out of memory"}'])
def test_a_chunk_that_is_no_answer(streaming, kind, text):
    llm, _ = streaming(says(kind, "Par"), b"data: " * (kind == "openai") + text + b"\n")
    with pytest.raises(CallFailed) as caught:
        llm.generate("capital?")
    shown = repr(text.decode())
    said = {
        b"<html>": {"ollama": f"streamed: not JSON: {shown}", "openai": f"streamed no JSON: {shown}"},
        b"[1]": {"ollama": f"streamed: no object: {shown}", "openai": f"streamed no object: {shown}"},
        b"null": {"ollama": f"streamed: no object: {shown}", "openai": f"streamed no object: {shown}"},
    }.get(text, dict.fromkeys(PATH, "streamed: out of memory"))
    assert (caught.value.kind, str(caught.value)) == ("bad-answer", f"{kind}: {PATH[kind]} {said[kind]}.")


LISTS = {
    "ollama": {
        "models": [
            {"name": "tiny:latest", "digest": "ab12", "size": 7, "details": {"quantization_level": "Q4_K_M"}},
            {"name": "big:70b"},
        ]
    },
    "openai": {"data": [{"id": "tiny:latest"}, {"id": "big:70b"}]},
}


@pytest.fixture
def listing(serve, client, kind):
    """A client of a server that lists models, generates and embeds."""

    def listing(*, models=LISTS, tokens=(b"", b""), vector=(0.5, 1), **config):
        def answer(request):
            if request.path in {"/api/tags", "/v1/models"}:
                return models[kind]
            if request.path == "/api/embed":
                return {"embeddings": [list(vector)] if vector else []}
            if request.path == "/v1/embeddings":
                return {"data": [{"embedding": list(vector)}]}
            return chain([STREAM], tokens)

        server = serve(answer)
        return client(kind, url=server.url, **config), server

    return listing


def test_models_are_listed_as_the_server_words_them(listing, kind):
    llm, _ = listing()
    known = {"digest": "ab12", "size": 7, "quantisation": "Q4_K_M"} if kind == "ollama" else {}
    assert llm.models() == [Model("tiny:latest", **known), Model("big:70b")]
    assert 0 < llm.list_time() < 5


@pytest.mark.parametrize(("model", "timed"), [(None, "tiny:latest"), ("tiny", "tiny:latest"), ("big:70b", "big:70b")])
def test_which_model_is_timed(listing, model, timed):
    llm, server = listing(model=model)
    assert llm.timed_model.name == timed
    assert llm.timed_model.name == timed
    assert len(server.requests) == 1  # looked up once


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (LISTS, "model 'huge' is not listed; it has: tiny:latest, big:70b."),
        ({"ollama": {"models": None}, "openai": {"data": []}}, "it lists no models."),
    ],
)
def test_a_model_that_is_not_listed(listing, kind, models, said):
    llm, _ = listing(models=models, model="huge")
    with pytest.raises(CallFailed) as caught:
        _ = llm.timed_model
    assert (caught.value.kind, str(caught.value)) == ("no-model", f"{kind}: {said}")


def test_models_that_should_be_there(listing):
    llm, _ = listing(models=LISTS)
    with pytest.raises(Unsupported) as caught:
        llm.missing_models()
    assert str(caught.value) == "the target names no models; list them as models = [...] of the component."
    assert llm.generating_models() == ["tiny:latest"]


def test_models_that_are_missing_are_named(serve, client, kind):
    llm = client(kind, url=serve(lambda _: LISTS[kind]).url, models=["tiny", "huge", "big"])
    assert llm.missing_models() == ["huge", "big"]  # big:70b is not big:latest
    assert llm.generating_models() == ["tiny", "huge", "big"]


def test_the_first_token_ends_the_call(listing, kind):
    def slowly():
        yield starts(kind)
        yield thinks(kind, "Hm")
        time.sleep(1)
        yield ends(kind)

    llm, server = listing(tokens=slowly())
    assert 0 < llm.first_token(5) < 0.9
    sent = server.requests[-1].json
    assert (sent["model"], sent["stream"]) == ("tiny:latest", True)
    assert (sent.get("max_tokens") or sent["options"]["num_predict"]) == 1


def test_a_stream_without_any_token(listing, kind):
    llm, _ = listing(tokens=[starts(kind), ends(kind)])
    with pytest.raises(CallFailed) as caught:
        llm.first_token(5)
    assert (caught.value.kind, str(caught.value)) == ("no-token", f"{kind}: {PATH[kind]} ended without a token.")


def test_an_embedding_is_numbers(listing, kind):
    llm, server = listing(embedding_model="embed")
    assert llm.embed(Prompt("a", "Paris")) == [0.5, 1.0]
    assert server.requests[-1].json == {"model": "embed", "input": "Paris"}


def test_an_empty_embedding_is_none(listing, kind):
    llm, _ = listing(vector=(), embedding_model="embed")
    with pytest.raises(CallFailed) as caught:
        llm.embed("Paris")
    path = {"ollama": "POST /api/embed", "openai": "/v1/embeddings"}[kind]
    assert (caught.value.kind, str(caught.value)) == (
        "bad-answer",
        f"{kind}: {path} answered without an embedding.",
    )


def test_a_model_that_the_server_does_not_have(serve, client, kind):
    llm = client(kind, url=serve(lambda _: (404, '{"error":"model \'m\' not found"}')).url, model="m")
    for stream in (True, False):
        with pytest.raises(CallFailed) as caught:
            llm.generate("capital?", stream=stream)
        assert (caught.value.kind, str(caught.value)) == (
            "http-404",
            f'{kind}: {PATH[kind]} answered 404: {{"error":"model \'m\' not found"}}',
        )


@pytest.mark.parametrize(("asked", "tokens"), [({}, 11), ({"detail": "summary"}, 3), ({"max_tokens": 2}, 2)])
def test_the_length_is_the_components_the_details_or_the_callers(streaming, kind, asked, tokens):
    llm, server = streaming(ends(kind), max_tokens=11, detail={"summary": {"max_tokens": 3}})
    llm.generate(Prompt("a", "capital?"), **asked)
    sent = server.requests[0].json
    assert (sent.get("max_tokens") or sent["options"]["num_predict"]) == tokens
    assert (sent.get("prompt") or sent["messages"][0]["content"]) == "capital?"


def test_an_answer_that_is_not_streamed(serve, client, kind, ledger):
    whole = {
        "ollama": {"response": "Paris", "eval_count": 4, "prompt_eval_count": 9},
        "openai": {
            "choices": [{"message": {"content": "Paris"}}],
            "usage": {"completion_tokens": 4, "prompt_tokens": 9},
        },
    }
    llm = client(kind, url=serve(lambda _: whole[kind]).url, model="m")
    assert llm.generate("capital?", stream=False) == Generation("Paris", "m", Stream((), 4), 9)
    assert ledger.spent().tokens == 4
