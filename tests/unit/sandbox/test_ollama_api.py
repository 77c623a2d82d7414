"""Ollama's API, as a client sees it."""

import json
import time

import httpx
import pytest


@pytest.fixture
def ask(stack):
    def post(path, **body):
        return stack.http.post(f"{stack.url.ollama}{path}", json={"model": "harbour-small", **body})

    return post


def test_it_says_what_it_is(stack):
    get = stack.http.get
    assert get(f"{stack.url.ollama}/").text == "Ollama is running"
    assert set(get(f"{stack.url.ollama}/api/version").json()) == {"version"}
    assert get(f"{stack.url.ollama}/health").status_code == 200
    assert "llamacpp:tokens_predicted_total" in get(f"{stack.url.ollama}/metrics").text


def test_models_are_listed_with_tag_and_digest(stack):
    models = stack.http.get(f"{stack.url.ollama}/api/tags").json()["models"]
    assert [model["name"] for model in models] == [
        "harbour-small:latest",
        "harbour-large:latest",
        "harbour-embed:latest",
    ]
    for model in models:
        assert model["model"] == model["name"]
        assert len(bytes.fromhex(model["digest"])) == 32
        assert model["size"] > 0
        assert {"family", "parameter_size", "quantization_level"} <= set(model["details"])


def test_a_model_is_shown(ask):
    shown = ask("/api/show").json()
    assert shown["details"]["family"] == "harbour"
    assert shown["capabilities"] == ["completion"]


def test_a_loaded_model_is_listed_until_it_is_unloaded(stack, ask):
    def loaded():
        return [model["name"] for model in stack.http.get(f"{stack.url.ollama}/api/ps").json()["models"]]

    assert ask("/api/generate", model="harbour-large").json()["done_reason"] == "load"
    assert "harbour-large:latest" in loaded()
    assert ask("/api/generate", model="harbour-large", keep_alive=0).json()["done_reason"] == "unload"
    assert "harbour-large:latest" not in loaded()


def test_each_request_puts_off_when_its_model_leaves_the_memory_and_no_look_does(stack, ask):
    def leaves():
        models = stack.http.get(f"{stack.url.ollama}/api/ps").json()["models"]
        return {model["name"]: model["expires_at"] for model in models}

    for name in ("harbour-small", "harbour-large"):
        ask("/api/generate", model=name)
    before = leaves()
    assert leaves() == before
    ask("/api/generate", prompt="Hello", stream=False)
    after = leaves()
    assert after["harbour-small:latest"] > before["harbour-small:latest"]
    assert after["harbour-large:latest"] == before["harbour-large:latest"]


def test_what_is_in_memory_is_on_the_gpu_and_stays_for_ever_where_it_is_asked_to(stack, ask):
    def told(name):
        models = stack.http.get(f"{stack.url.ollama}/api/ps").json()["models"]
        return next((model for model in models if model["name"] == f"{name}:latest"), None)

    ask("/api/generate", model="harbour-large", keep_alive=-1)
    held = told("harbour-large")
    assert held["size_vram"] == held["size"] > 0
    assert int(held["expires_at"][:4]) > 2200
    ask("/api/generate", model="harbour-large", keep_alive=0)
    refused = ask("/api/generate", model="harbour-embed")
    assert (refused.status_code, refused.json()["error"]) == (400, '"harbour-embed" does not support generate')
    assert ask("/api/embed", model="harbour-embed", input=[]).json()["embeddings"] == []
    assert told("harbour-embed")["size_vram"] > 0
    assert told("harbour-large") is None


@pytest.mark.parametrize("name", ["harbour-small", "harbour-small:latest"])
def test_one_object_without_streaming(ask, name):
    answer = ask("/api/generate", model=name, prompt="Who pays for return shipping?", stream=False).json()
    assert answer["model"] == name
    assert "customer" in answer["response"]
    assert answer["done"] is True
    assert answer["done_reason"] == "stop"
    assert answer["eval_count"] == len(answer["response"].split())
    assert answer["prompt_eval_count"] == 5
    assert answer["total_duration"] >= answer["eval_duration"] + answer["prompt_eval_duration"] > 0
    assert answer["load_duration"] >= 0


def test_loading_takes_time_once(ask):
    ask("/api/generate", keep_alive=0)
    first, second = (ask("/api/generate", prompt="x", stream=False).json()["load_duration"] for _ in range(2))
    assert first > 10 * second


def test_num_predict_limits_the_answer(ask):
    options = {"num_predict": 4}
    answer = ask("/api/generate", prompt="What does express delivery cost?", stream=False, options=options).json()
    assert answer["response"] == "Express delivery costs 9.50"
    assert (answer["eval_count"], answer["done_reason"]) == (4, "length")


def test_streaming_is_the_default_and_ends_with_the_counts(ask):
    response = ask("/api/generate", prompt="Who pays for return shipping?")
    lines = [json.loads(line) for line in response.iter_lines()]
    assert response.headers["content-type"] == "application/x-ndjson"
    *tokens, last = lines
    assert all(line["done"] is False and line["response"] for line in tokens)
    assert last["done"] is True
    assert last["response"] == ""
    assert last["eval_count"] == len(tokens)


def test_a_chat_streams_messages(ask):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who pays for return shipping?"},
    ]
    lines = [json.loads(line) for line in ask("/api/chat", messages=messages).iter_lines()]
    assert "customer" in "".join(line["message"]["content"] for line in lines)
    assert lines[-1]["eval_count"] == len(lines) - 1
    whole = ask("/api/chat", messages=messages, stream=False).json()
    assert whole["message"] == {"role": "assistant", "content": "".join(line["message"]["content"] for line in lines)}


def test_tokens_come_one_by_one_at_their_times(start):
    sandbox = start("ollama", over={"sandbox": {"delay_s": 0.15, "token_s": 0.03, "sigma": 0}})
    body = {"model": "harbour-small", "prompt": "Who pays for return shipping?", "options": {"num_predict": 8}}
    seen, wanted = [], pytest.approx((0.15, 7 * 0.03), abs=0.03)
    while len(seen) < 50 and (len(seen) < 2 or seen[-1] != wanted):  # the first makes a connection; some are disturbed
        began = time.monotonic()
        with sandbox.http.stream("POST", f"{sandbox.url.ollama}/api/generate", json=body) as response:
            times = [time.monotonic() - began for _ in response.iter_lines()]
        seen.append((times[0], times[7] - times[0]))
    assert seen[-1] == wanted, seen
    assert min(first for first, _ in seen) >= 0.15 - 0.005


def test_embeddings_come_in_both_ways(ask):
    many = ask("/api/embed", model="harbour-embed", input=["a refund", "a parcel"]).json()
    one = ask("/api/embeddings", model="harbour-embed", prompt="a refund").json()
    assert [len(vector) for vector in many["embeddings"]] == [256, 256]
    assert one["embedding"] == many["embeddings"][0]
    assert many["prompt_eval_count"] == 4


@pytest.mark.parametrize("path", ["/api/generate", "/api/chat", "/api/embed", "/api/show"])
def test_an_unknown_model_is_a_404(ask, path):
    body = {"prompt": "x", "input": "x", "messages": [{"role": "user", "content": "x"}]}
    answer = ask(path, model="harbor-small", **body)
    assert (answer.status_code, answer.json()) == (404, {"error": "model 'harbor-small' not found"})


def test_wrong_calls_are_400s(stack, ask):
    assert ask("/api/generate", model="harbour-embed", prompt="x").json() == {
        "error": '"harbour-embed" does not support generate'
    }
    assert ask("/api/embed", input=[1]).status_code == 400
    assert ask("/api/generate", prompt="x", options={"num_predict": "many"}).status_code == 400
    assert stack.http.post(f"{stack.url.ollama}/api/generate", content=b"{").status_code == 400


def test_a_key_is_asked_for_where_the_target_has_one(start):
    auth = {"ollama": {"auth": {"bearer": "A"}}, "openai": {"auth": {"header": "X-Key", "env": "B"}}}
    sandbox = start("ollama", over={"components": auth})
    get = sandbox.http.get
    assert get(f"{sandbox.url.ollama}/api/tags").json() == {"error": "unauthorized"}
    good = {"Authorization": f"Bearer {sandbox.environ['A']}"}
    assert get(f"{sandbox.url.ollama}/api/tags", headers=good).status_code == 200
    refused = get(f"{sandbox.url.openai}/v1/models", headers={"X-Key": sandbox.environ["A"]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
    assert get(f"{sandbox.url.openai}/v1/models", headers={"X-Key": sandbox.environ["B"]}).status_code == 200
    assert get(f"{sandbox.url.openai}/health").status_code == 200


FAULTS = {
    "llm:no-models": [],
    "llm:one-model": ["harbour-small:latest"],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_missing_models(start, fault, engine):
    sandbox = start("ollama", [fault], engine=engine)
    assert [m["name"] for m in sandbox.http.get(f"{sandbox.url.ollama}/api/tags").json()["models"]] == FAULTS[fault]
    body = {"model": "harbour-large", "prompt": "x"}
    assert sandbox.http.post(f"{sandbox.url.ollama}/api/generate", json=body).status_code == 404


@pytest.fixture
def faulty(start, engine):
    """A model server with faults, and a call to it; each test is made with each engine."""

    def begin(*faults):
        sandbox = start("ollama", faults, engine=engine)

        def post(path="/api/generate", *, timeout=60, **body):
            asked = {"model": "harbour-small", "prompt": "Who pays for return shipping?", "stream": False, **body}
            return sandbox.http.post(f"{sandbox.url.ollama}{path}", json=asked, timeout=timeout)

        return sandbox, post

    return begin


def test_fault_errors_no_version_no_details(faulty):
    sandbox, post = faulty("llm:errors=0.5", "llm:no-version", "llm:no-details")
    answers = [post() for _ in range(4)] + [post("/api/embed", model="harbour-embed", input="x") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 500] * 3
    assert answers[1].json() == {"error": "llama runner process has terminated"}
    assert sandbox.http.get(f"{sandbox.url.ollama}/api/version").json() == {}
    assert post("/api/show").json()["details"] == {}


def test_faults_of_the_list(faulty):
    sandbox, _ = faulty("llm:no-list")
    assert [sandbox.http.get(f"{sandbox.url.ollama}{path}").json() for path in ("/api/tags", "/v1/models")] == [{}, {}]
    sandbox, post = faulty("llm:late-list=0.5")
    for path in ("/api/tags", "/v1/models"):
        assert sandbox.http.get(f"{sandbox.url.ollama}{path}", timeout=60).elapsed.total_seconds() >= 0.5
    assert post(timeout=60).status_code == 200


def test_fault_slow(faulty):
    _, slow = faulty("llm:slow=10")
    assert slow(timeout=60).json()["total_duration"] > 0.2e9


def test_fault_cold(faulty):
    _, post = faulty("llm:cold=0.5")
    asked = [{}, {}, {"path": "/api/chat", "messages": [{"content": "x"}]}, {"path": "/api/embed", "input": "x"}]
    answers, took_s = [], []
    for more in asked:
        began = time.monotonic()
        answers.append(post(**more).json())
        took_s.append(time.monotonic() - began)
    assert [answer["load_duration"] >= 1e9 for answer in answers] == [False, True, False, True]
    cold = answers[1]
    spent = cold["load_duration"] + cold["prompt_eval_duration"] + cold["eval_duration"]
    assert cold["prompt_eval_duration"] > 0
    assert spent <= cold["total_duration"] <= took_s[1] * 1e9


def test_fault_hang(faulty):
    sandbox, _ = faulty("llm:hang")
    for path in ("/api/generate", "/api/embed", "/v1/chat/completions"):
        body = {"model": "harbour-small", "prompt": "x", "input": "x", "messages": [{"content": "x"}]}
        with pytest.raises(httpx.ReadTimeout):
            sandbox.http.post(f"{sandbox.url.ollama}{path}", json=body, timeout=0.2)
    assert sandbox.http.get(f"{sandbox.url.ollama}/api/tags").status_code == 200
    assert sandbox.http.get(f"{sandbox.url.ollama}/health").status_code == 200


def test_fault_cut_stream(faulty):
    sandbox, post = faulty("llm:cut-stream")
    with pytest.raises(httpx.RemoteProtocolError):
        post()
    said = []

    def read():
        body = {"model": "harbour-small", "prompt": "x"}
        with sandbox.http.stream("POST", f"{sandbox.url.ollama}/api/generate", json=body) as response:
            said.extend(response.iter_lines())

    with pytest.raises(httpx.RemoteProtocolError):
        read()
    assert [json.loads(line)["done"] for line in said] == [False]
    with pytest.raises(httpx.RemoteProtocolError):
        post("/v1/completions", stream=True)


def test_fault_empty_and_no_counts(faulty):
    _, post = faulty("llm:empty", "llm:no-counts")
    answer = post().json()
    assert (answer["response"], answer["done"]) == ("", True)
    assert not {"eval_count", "prompt_eval_count"} & set(answer)
    assert "usage" not in post("/v1/completions").json()
    assert "prompt_eval_count" not in post("/api/embed", input="x").json()


def test_fault_thinks(faulty):
    _, post = faulty("llm:thinks")
    answer = post().json()
    assert answer["response"] == ""
    assert answer["thinking"].strip()
    said = post("/api/chat", messages=[{"role": "user", "content": "Hello"}]).json()["message"]
    assert said["content"] == ""
    assert said["thinking"].strip()
    message = post("/v1/chat/completions", messages=[{"role": "user", "content": "Hello"}]).json()["choices"][0]
    assert message["message"]["content"] == ""
    assert message["message"]["reasoning_content"].strip()


def test_fault_nonsense(faulty):
    _, post = faulty("llm:nonsense")
    assert post().json()["response"].startswith("It depends on many things")


def test_fault_garbled(faulty):
    _, post = faulty("llm:garbled")
    assert set(post().json()["response"]) == {"@"}


def test_fault_down(faulty):
    sandbox, _ = faulty("llm:down")
    with pytest.raises(httpx.ConnectError):
        sandbox.http.get(f"{sandbox.url.ollama}/")


def test_a_models_file_is_named_and_there(stack):
    base = stack.url.ollama
    name = stack.http.get(f"{base}/api/tags").json()["models"][0]["name"]
    [line] = [
        line
        for line in stack.http.post(f"{base}/api/show", json={"model": name}).json()["modelfile"].splitlines()
        if line.startswith("FROM ")
    ]
    digest = line.rpartition("sha256-")[2]
    assert stack.http.head(f"{base}/api/blobs/sha256:{digest}").status_code == 200
    assert stack.http.head(f"{base}/api/blobs/sha256:{'0' * 64}").status_code == 404
