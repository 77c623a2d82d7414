import json
import threading
import time
from contextlib import suppress
from itertools import chain

import pytest

from pytest_llmops.clients.generation import Generation, Model
from pytest_llmops.clients.http import Http
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported
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
def read(monkeypatch):
    """Counts the lines that a client has read."""
    lines, read = Http.lines, threading.Semaphore(0)

    def noted(*words, **more):
        for line in lines(*words, **more):
            read.release()
            yield line

    monkeypatch.setattr(Http, "lines", noted)
    return read


@pytest.fixture
def streaming(serve, client, kind, read):
    """A client of a server that streams these parts, each once those before were read, and after a pause."""

    def streaming(*parts, **config):
        def answer(_):
            yield STREAM
            for part in parts:
                time.sleep(PAUSE_S)
                yield part
                for _ in filter(None, part.splitlines()):
                    read.acquire(timeout=60)

        server = serve(answer)
        return client(kind, url=server.url, **{"model": "m", **config}), server

    return streaming


def test_the_first_token_is_the_first_that_is_not_empty(streaming, kind):
    llm, _ = streaming(starts(kind), starts(kind), says(kind, "Par"), says(kind, "is"), ends(kind, 5))
    found = llm.generate("capital?")
    assert found.text == "Paris"
    assert len(found.stream.token_times_s) == 2
    assert found.stream.ttft_s > 2.9 * PAUSE_S
    assert found.stream.first_answer_s == found.stream.ttft_s
    assert not found.stream.reasoned  # without it TTFO is TTFT, and no metric of its own


def test_reasoning_counts_for_the_first_token_and_not_for_the_answer(streaming, kind):
    llm, _ = streaming(starts(kind), thinks(kind, "Hm"), says(kind, "Paris"), ends(kind, 5))
    found = llm.generate("capital?")
    assert found.text == "Paris"
    assert len(found.stream.token_times_s) == 2
    assert (found.stream.reasoned, found.stream.first_answer_s) == (True, found.stream.token_times_s[1])
    assert found.stream.first_answer_s > found.stream.ttft_s + 0.5 * PAUSE_S


def test_the_servers_counts_are_used_and_charged(streaming, kind, ledger):
    llm, _ = streaming(says(kind, "Par"), says(kind, "is"), ends(kind, 7))
    found = llm.generate("capital?")
    assert (found.tokens_out, found.tokens_in) == (7, 9)
    assert found.stream.tpot_s == pytest.approx((found.stream.token_times_s[1] - found.stream.ttft_s) / 6)
    assert (ledger.spent().requests, ledger.spent().tokens) == (1, 7)
    from_stream = 1 / found.stream.tpot_s, "from the stream: tokens after the first, by the time that they took"
    assert found.rate == ((14.0, "the server's own figure") if kind == "ollama" else from_stream)
    assert found.tokens_per_second == found.rate[0]


@pytest.mark.parametrize("blank", [" ", "\n", "\t"])
def test_a_blank_is_a_token(streaming, kind, blank):
    llm, _ = streaming(starts(kind), says(kind, blank), says(kind, "Paris"), ends(kind, 2))
    found = llm.generate("capital?")
    assert len(found.stream.token_times_s) == 2
    assert found.stream.first_answer_s == found.stream.ttft_s < found.stream.token_times_s[1] - 0.5 * PAUSE_S


def test_several_tokens_in_a_chunk_are_counted_by_the_server(streaming, kind):
    llm, _ = streaming(says(kind, "The capital is"), says(kind, " Paris, of course."), ends(kind, 9))
    stream = llm.generate("capital?").stream
    assert stream.tpot_s == pytest.approx((stream.token_times_s[1] - stream.ttft_s) / 8)


def test_a_count_below_the_chunks_counts_something_else(streaming, kind):
    llm, _ = streaming(*[says(kind, "la")] * 4, ends(kind, 3))
    found = llm.generate("capital?")
    assert (found.tokens_out, found.stream.miscounted, found.stream.tpot_s) == (3, True, None)
    if kind == "openai":  # Ollama brings a time of its own for what it counts
        with pytest.raises(Unsupported) as caught:
            _ = found.rate
        said = "m answered with a count of 3 tokens in 4 pieces; that says nothing of tokens a second."
        assert str(caught.value) == said


ROUTES = {
    ("ollama", "chat"): "/api/chat",
    ("ollama", "completions"): "/api/generate",
    ("openai", "chat"): "/v1/chat/completions",
    ("openai", "completions"): "/v1/completions",
}


def routed(kind, endpoint, text="", thought="", end=False):
    """An event of each route, in its own words."""
    if kind == "ollama":
        said = {"message": {"role": "assistant", "content": text, **({"thinking": thought} if thought else {})}}
        said = said if endpoint == "chat" else {"response": text, "thinking": thought}
        return ollama_chunk(**said, **({"done": True, "eval_count": 5, "prompt_eval_count": 9} if end else {}))
    part = {"delta": {"content": text, "reasoning_content": thought}} if endpoint == "chat" else {"text": text}
    usage = {"completion_tokens": 5, "prompt_tokens": 9}
    event = {"choices": [] if end else [{"index": 0, "finish_reason": None, **part}], "usage": usage if end else None}
    return b"data: " + json.dumps(event).encode() + b"\n\n" + (b"data: [DONE]\n\n" if end else b"")


@pytest.mark.parametrize("endpoint", ["chat", "completions"])
def test_each_route_is_asked_and_read_in_its_own_words(streaming, kind, endpoint):
    parts = [routed(kind, endpoint, text) for text in ("", " ", "Paris")]
    llm, server = streaming(*parts, routed(kind, endpoint, end=True), endpoint=endpoint)
    found = llm.generate("capital?")
    assert (found.text, len(found.stream.token_times_s), found.tokens_out, found.tokens_in) == (" Paris", 2, 5, 9)
    assert found.stream.ttft_s > 1.9 * PAUSE_S
    (request,) = server.requests
    assert request.path == ROUTES[kind, endpoint]
    chats = [{"role": "user", "content": "capital?"}]
    said = [request.json.get(word) for word in ("messages", "prompt")]
    assert said == ([chats, None] if endpoint == "chat" else [None, "capital?"])


@pytest.mark.parametrize("endpoint", ["chat", "completions"])
def test_each_route_is_read_whole(serve, client, kind, endpoint):
    message = {"role": "assistant", "content": "Paris"}
    whole = {
        "ollama": {"message": message} if endpoint == "chat" else {"response": "Paris"},
        "openai": {"choices": [{"message": message} if endpoint == "chat" else {"text": "Paris"}]},
    }
    llm = client(kind, url=serve(lambda _: whole[kind]).url, model="m", endpoint=endpoint)
    assert llm.generate("capital?", stream=False).text == "Paris"


@pytest.mark.parametrize("kind", ["ollama"])
def test_ollamas_chat_thinks_apart(streaming, kind):
    parts = [routed(kind, "chat", thought="Hm"), routed(kind, "chat", "Paris"), routed(kind, "chat", end=True)]
    stream = streaming(*parts, endpoint="chat")[0].generate("capital?").stream
    assert (stream.reasoned, stream.first_answer_s) == (True, stream.token_times_s[1])


def test_without_counts_there_is_no_rate(streaming, kind, ledger):
    llm, _ = streaming(says(kind, "Paris"), ends(kind))
    found = llm.generate("capital?")
    assert (found.tokens_out, found.tokens_in, found.stream.tpot_s, found.tokens_per_second) == (None,) * 4
    assert ledger.spent().tokens == 0
    with pytest.raises(Unsupported) as caught:
        _ = found.rate
    assert str(caught.value) == "m answered with no count of tokens; that says nothing of tokens a second."


def test_one_token_has_no_rate(streaming, kind):
    llm, _ = streaming(says(kind, "Paris"), ends(kind, 1))
    with pytest.raises(Unsupported) as caught:
        _ = llm.generate("capital?").rate
    assert str(caught.value) == "m answered with a count of 1 tokens; that says nothing of tokens a second."


def test_reasoning_alone_is_no_silence(streaming, kind):
    llm, _ = streaming(starts(kind), thinks(kind, "Hm"), ends(kind, 2))
    found = llm.generate("capital?")
    assert (found.text, found.silent, found.failure, found.stream.first_answer_s) == ("", False, "", None)
    assert found.stream.ttft_s > 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Paris", ""),
        ("7", ""),
        ("no no no", ""),
        (" ", "nothing"),
        ("?!", "no word: '?!'"),
        ("@" * 60, f"no word: '{'@' * 40}...'"),
        ("G GG GG", "one sign again and again: 'G GG GG'"),
        ("the the the the the", "one word again and again: 'the the the the the'"),
    ],
)
def test_what_can_be_no_answer(text, why):
    assert Generation(text, "m").implausible == why


def test_reasoning_alone_may_be_an_answer():
    assert Generation("", "m", reasoned=True).implausible == ""


@pytest.mark.parametrize("text", ["", " \n"])
def test_blanks_are_silence(streaming, kind, text):
    llm, _ = streaming(starts(kind), says(kind, text), ends(kind))
    assert llm.generate("capital?").silent


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
    assert llm.asked == ""


def test_models_that_are_missing_are_named(serve, client, kind):
    url = serve(lambda _: LISTS[kind]).url
    llm = client(kind, url=url, models=["tiny", "huge", "big", "vectors"], embedding_model="vectors")
    assert llm.missing_models() == ["huge", "big", "vectors"]  # big:70b is not big:latest
    assert llm.generating_models() == ["tiny", "huge", "big"]
    assert client(kind, url=url, model="tiny").missing_models() == []
    assert client(kind, url=url, embedding_model="vectors").missing_models() == ["vectors"]


def test_the_first_token_ends_the_call(listing, kind):
    over = threading.Event()

    def slowly():
        yield starts(kind)
        yield thinks(kind, "Hm")
        over.wait(5)  # Ollama's next line tells what loading took, so it is waited for
        yield ends(kind)

    llm, server = listing(tokens=slowly())
    assert 0 < llm.first_token(120) < 5
    over.set()
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


@pytest.mark.parametrize(("more", "load_s"), [({"load_duration": 1_500_000_000}, 1.5), ({}, None)])
def test_an_embedding_says_what_loading_its_model_took(serve, client, more, load_s):
    llm = client("ollama", url=serve(lambda _: {"embeddings": [[0.5, 1]], **more}).url, embedding_model="embed")
    found = llm.embed("Paris")
    assert (found, found.stream) == ([0.5, 1.0], Stream(load_s=load_s))


@pytest.mark.parametrize("kind", ["ollama"])
@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_says_what_loading_its_model_took(serve, client, kind, stream):
    whole = {"response": "Paris", "done": True, "eval_count": 4, "load_duration": 2_500_000_000}
    server = serve(lambda _: iter([STREAM, json.dumps(whole).encode() + b"\n"]) if stream else whole)
    assert client(kind, url=server.url, model="m").generate("capital?", stream=stream).stream.load_s == 2.5


def test_an_empty_embedding_is_none(listing, kind):
    llm, _ = listing(vector=(), embedding_model="embed")
    with pytest.raises(CallFailed) as caught:
        llm.embed("Paris")
    path = {"ollama": "POST /api/embed", "openai": "POST /v1/embeddings"}[kind]
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


def test_a_detail_level_that_there_is_not(client, kind):
    llm = client(kind, url="http://llm.example", model="m", detail={"summary": {"max_tokens": 3}})
    with pytest.raises(ConfigError) as mistyped:
        llm.generate("capital?", detail="sumary")
    assert str(mistyped.value) == f"{kind}: no detail level 'sumary'. Did you mean 'summary'? Levels: summary."
    with pytest.raises(Unsupported) as absent:
        llm.generate("capital?", detail="long")
    assert str(absent.value) == f"{kind}: no detail level 'long'. Levels: summary."


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (
            501,
            '{"error":{"code":501,"message":"This server does not support embeddings. Start it with `--embeddings`"}}',
        ),
        (404, '{"detail":"Not Found"}'),
        (400, '{"object":"error","message":"The model does not support Embeddings API"}'),
        (500, '{"error":"this model does not support embeddings"}'),
    ],
    ids=["llama.cpp", "no route", "vLLM", "Ollama"],
)
def test_a_server_that_does_not_embed(serve, client, kind, status, text):
    path = {"ollama": "/api/embed", "openai": "/v1/embeddings"}[kind]
    url = serve(lambda request: (status, text) if request.path == path else LISTS[kind]).url
    with pytest.raises(Unsupported) as caught:
        client(kind, url=url).embed("Paris")
    assert str(caught.value) == (
        f"{kind}: model tiny:latest gives no embeddings (POST {path} answered {status}: {text[:120]}); if the server "
        'has a model that does, name it as embedding_model = "…" of the component.'
    )
    with pytest.raises(CallFailed) as failed:  # the target says that it embeds
        client(kind, url=url, embedding_model="vectors").embed("Paris")
    assert failed.value.kind == f"http-{status}"


def test_an_embedding_that_fails_is_not_unsupported(serve, client, kind):
    path = {"ollama": "/api/embed", "openai": "/v1/embeddings"}[kind]
    url = serve(lambda request: (500, "out of memory") if request.path == path else LISTS[kind]).url
    with pytest.raises(CallFailed) as caught:
        client(kind, url=url).embed("Paris")
    assert str(caught.value) == f"{kind}: POST {path} answered 500: out of memory"


def test_vectors_for_a_search_need_a_model_by_name(listing, kind):
    llm, server = listing(embedding_model="vectors")
    assert llm.embed("Paris", model=llm.embedding_model) == [0.5, 1.0]
    assert (server.requests[-1].json["model"], llm.asked) == ("vectors", "vectors")
    with pytest.raises(Unsupported) as caught:
        _ = listing()[0].embedding_model
    assert str(caught.value) == (
        f"{kind}: the target names no embedding model; name the one that filled the collection as embedding_model = "
        f'"…" of the component {kind}.'
    )


def test_the_model_that_was_asked_is_known(listing):
    llm, _ = listing(tokens=[says("openai", "Paris"), b"data: [DONE]\n"])
    with suppress(CallFailed):  # this is no stream of Ollama's
        llm.generate("capital?", model="big:70b")
    assert llm.asked == "big:70b"
    llm.embed("Paris")
    assert llm.asked == "tiny:latest"


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_without_a_list_of_models(serve, client, status):
    url = serve(lambda _: (status, "what?")).url
    llm = client("openai", url=url, model="mine")
    assert llm.timed_model == Model("mine")
    for ask in (llm.models, llm.list_time, llm.missing_models):
        with pytest.raises(Unsupported) as caught:
            ask()
        assert str(caught.value) == f"openai: GET /v1/models answered {status}: it has no list of models."
    with pytest.raises(CallFailed) as unknown:
        _ = client("openai", url=url).timed_model
    assert (unknown.value.kind, str(unknown.value)) == (
        "no-model",
        'openai: it has no list of models; name the one to ask as model = "…" of the component.',
    )


@pytest.mark.parametrize("status", [404, 405, 501])
def test_an_ollama_server_always_has_a_list(serve, client, status):
    url = serve(lambda _: (status, "what?")).url
    llm = client("ollama", url=url, model="mine")
    assert llm.timed_model == Model("mine")  # a token proves it
    for ask in (llm.models, llm.list_time, llm.missing_models, lambda: client("ollama", url=url).timed_model):
        with pytest.raises(CallFailed, match=f"GET /api/tags answered {status}") as caught:
            ask()
        assert caught.value.kind == f"http-{status}"


@pytest.mark.parametrize(
    ("status", "shown"), [(200, "{}"), (202, None), (200, "[]"), (200, '{"models": {}, "data": "x"}')]
)
def test_what_is_no_list_of_models(serve, client, kind, status, shown):
    path, key = {"ollama": ("/api/tags", "models"), "openai": ("/v1/models", "data")}[kind]
    text = json.dumps({key: []}) if shown is None else shown
    llm = client(kind, url=serve(lambda _: (status, text)).url, model="mine")
    for ask in (llm.models, llm.list_time, llm.missing_models):
        with pytest.raises(CallFailed) as caught:
            ask()
        said = "no JSON object" if shown == "[]" else f"{status} without a list {key!r}"
        assert (caught.value.kind, str(caught.value)) == (
            "bad-answer",
            f"{kind}: GET {path} answered {said}: {text!r}.",
        )


def test_a_server_without_any_model_has_a_list(serve, client, kind):
    url = serve(lambda _: {"models": None, "data": None}).url
    assert client(kind, url=url).models() == []


def test_a_list_that_is_broken_does_not_hide_a_model_that_is_named(serve, client, kind):
    path = {"ollama": "/api/tags", "openai": "/v1/models"}[kind]
    url = serve(lambda _: (500, "boom")).url
    assert client(kind, url=url, model="mine").timed_model == Model("mine")
    for broken in (client(kind, url=url, model="mine").models, lambda: client(kind, url=url).timed_model):
        with pytest.raises(CallFailed) as caught:
            broken()
        assert str(caught.value) == f"{kind}: GET {path} answered 500: boom"
