"""The engine llama.cpp: real tokens, the server's own figures, the same faults."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from urllib.parse import urlsplit

import psutil
import pytest

from pytest_llmops.errors import ConfigError, LlmopsError
from pytest_llmops.sandbox.embedding import embed
from pytest_llmops.sandbox.engines.keeper import LONGEST, Keeper
from pytest_llmops.sandbox.engines.llama_cpp import merged
from pytest_llmops.sandbox.order import read as stack_of

pytest.importorskip("gguf")
pytest.importorskip("xllamacpp")

QUESTION = "Who pays for return shipping?"


class Asking:
    """Calls to the model server of a sandbox."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.url = sandbox.url.ollama

    def post(self, path="/api/generate", **body):
        asked = {"model": "harbour-small", "prompt": QUESTION, "stream": False, **body}
        return self.sandbox.http.post(f"{self.url}{path}", json=asked)

    def get(self, path):
        return self.sandbox.http.get(f"{self.url}{path}")

    def loaded(self):
        return {model["name"] for model in self.get("/api/ps").json()["models"]}

    def figure(self, name, model="harbour-small"):
        return float(re.search(rf'\nllamacpp:{name}{{model="{model}"}} (\S+)\n', self.get("/metrics").text)[1])

    def runners(self):
        return [process for process in self.sandbox.processes() if "runner" in " ".join(process.cmdline())]


@pytest.fixture(scope="module")
def asking(order, running):
    sandbox = running(order("ollama", engine="llama.cpp"))
    yield Asking(sandbox)
    assert sandbox.end() == ""


@pytest.fixture
def breakable(order, running):
    """A sandbox whose processes may be killed, and what is to be said of it on standard error."""
    sandbox = running(order("ollama", engine="llama.cpp"))
    said = []
    yield Asking(sandbox), said
    assert re.fullmatch("".join(said), sandbox.end())


def test_it_says_what_it_is(asking):
    told = asking.sandbox.told
    assert (told["engine"], told["knows"]) == ("llama.cpp", False)


def test_an_answer_is_streamed_token_by_token_with_the_servers_figures(asking):
    before = asking.figure("tokens_predicted_total")
    answer = asking.post(stream=True, options={"num_predict": 6})
    *tokens, last = map(json.loads, answer.iter_lines())
    assert all(line["response"] and not line["done"] for line in tokens)
    assert (last["eval_count"], last["done_reason"]) == (6, "length")
    assert len(tokens) == len(last["context"]) == 6
    assert asking.figure("tokens_predicted_total") - before == 6
    assert last["total_duration"] >= last["prompt_eval_duration"] + last["eval_duration"]
    assert last["prompt_eval_duration"] > 0
    assert last["eval_duration"] > 0
    assert last["prompt_eval_count"] >= len(QUESTION.split())


def test_the_same_question_gets_the_same_words(asking):
    first, second = (asking.post(options={"num_predict": 8}).json() for _ in range(2))
    assert first["response"] == second["response"]
    assert first["prompt_eval_count"] == second["prompt_eval_count"]
    assert asking.post(prompt="When does a gift card expire?").json()["response"] != first["response"]


def test_a_call_without_a_limit_gets_the_longest_answer(asking):
    for path in ("/api/generate", "/api/chat"):
        answer = asking.post(path, messages=[{"content": "Be brief."}, {"content": QUESTION}]).json()
        assert (answer["eval_count"], answer["done_reason"]) == (LONGEST, "length")


def test_no_token_is_said_where_none_is_asked_for(asking):
    answer = asking.post(options={"num_predict": 0}).json()
    assert (answer["response"], answer["eval_count"], answer["done_reason"]) == ("", 0, "length")


def test_models_are_listed_as_their_files_are(asking, stack):
    small, large, vectors = asking.get("/api/tags").json()["models"]
    for model in (small, large):
        file = asking.sandbox.directory / "models" / f"{model['name'].removesuffix(':latest')}.gguf"
        assert model["size"] == file.stat().st_size
        assert model["digest"] == sha256(b"llama.cpp\n" + file.read_bytes()).hexdigest()
    assert small["details"]["parameter_size"] == "19.3M"
    assert small["details"]["quantization_level"] == "F16"
    assert large["size"] > small["size"]
    synthetic = stack.http.get(f"{stack.url.ollama}/api/tags").json()["models"]
    assert vectors == synthetic[2]
    assert not {small["digest"], large["digest"]} & {model["digest"] for model in synthetic}


def test_a_model_is_shown_as_it_was_written(asking):
    shown = asking.post("/api/show").json()["model_info"]
    assert (shown["general.architecture"], shown["llama.embedding_length"]) == ("llama", 512)


def test_a_model_is_loaded_when_it_is_asked_for_and_let_go(asking):
    asking.post(model="harbour-large", prompt="", keep_alive=0)
    assert asking.loaded() >= {"harbour-small:latest"}
    assert "harbour-large:latest" not in asking.loaded()
    assert len(asking.runners()) == 1
    first, second = (asking.post(model="harbour-large", options={"num_predict": 2}).json() for _ in range(2))
    assert first["load_duration"] > 10 * second["load_duration"]
    assert first["total_duration"] > first["load_duration"]
    assert asking.loaded() >= {"harbour-small:latest", "harbour-large:latest"}
    assert len(asking.runners()) == 2


def test_calls_at_once_load_a_model_once(asking):
    asking.post(model="harbour-large", prompt="", keep_alive=0)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(asking.post, model="harbour-large", options={"num_predict": 4}) for _ in range(4)]
        assert [call.result().json()["eval_count"] for call in calls] == [4] * 4
    assert len(asking.runners()) == 2


def test_embeddings_are_the_synthetic_ones(asking):
    found = asking.post("/api/embed", model="harbour-embed", input="a refund").json()
    assert found["embeddings"] == [embed("a refund")]
    assert "harbour-embed:latest" in asking.loaded()


def test_the_openai_api_streams_too(asking):
    messages = [{"role": "user", "content": QUESTION}]
    options = {"messages": messages, "max_tokens": 5, "stream": True, "stream_options": {"include_usage": True}}
    *events, done = filter(None, asking.post("/v1/chat/completions", **options).iter_lines())
    events = [json.loads(event.removeprefix("data: ")) for event in events]
    assert done == "data: [DONE]"
    assert events[-1]["usage"]["completion_tokens"] == 5
    assert len([e for e in events if e["choices"] and e["choices"][0]["delta"].get("content")]) == 5
    whole = asking.post("/v1/completions", max_tokens=5).json()
    assert whole["usage"]["completion_tokens"] == 5
    assert whole["choices"][0]["finish_reason"] == "length"


def test_a_prompt_that_is_too_long_is_refused_in_the_servers_words(asking):
    answer = asking.post(prompt="zyx " * 5000)
    assert answer.status_code == 400
    assert "exceeds the available context size" in answer.json()["error"]


def test_a_client_that_leaves_stops_the_work(asking):
    body = {"model": "harbour-small", "prompt": QUESTION, "options": {"num_predict": 8000}}
    before = asking.figure("tokens_predicted_total")
    with asking.sandbox.http.stream("POST", f"{asking.url}/api/generate", json=body) as response:
        lines = response.iter_lines()
        next(lines)
        assert asking.figure("requests_processing") == 1
    deadline = time.monotonic() + 60
    while asking.figure("requests_processing") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert asking.figure("requests_processing") == 0
    assert asking.figure("tokens_predicted_total") - before < 8000


def test_the_servers_themselves_listen_on_loopback_and_ask_for_a_key(asking):
    (place,) = {c.laddr for r in asking.runners()[:1] for c in r.net_connections() if c.status == psutil.CONN_LISTEN}
    assert place.ip == "127.0.0.1"
    url = f"http://127.0.0.1:{place.port}"
    assert asking.sandbox.http.post(f"{url}/completion", json={"prompt": "x"}).status_code == 401
    assert place.port != urlsplit(asking.url).port


def test_metrics_of_several_servers_are_one_page():
    small = "# HELP a:x Help.\n# TYPE a:x counter\na:x 1\n# TYPE a:y gauge\na:y 2.5\n"
    large = "# HELP a:x Help.\n# TYPE a:x counter\na:x 3\n"
    assert merged({"small": small, "large": large}) == (
        '# HELP a:x Help.\n# TYPE a:x counter\na:x{model="small"} 1\na:x{model="large"} 3\n'
        '# TYPE a:y gauge\na:y{model="small"} 2.5\n'
    )
    assert merged({}) == ""


def test_a_slow_server_is_slow_by_its_own_figures_too(start):
    slow = Asking(start("ollama", ["llm:slow=10"], engine="llama.cpp"))
    began = time.monotonic()
    answer = slow.post(options={"num_predict": 8}).json()
    took_s = time.monotonic() - began
    assert answer["eval_duration"] / 1e9 == pytest.approx(10 * slow.figure("tokens_predicted_seconds_total"), rel=0.01)
    assert answer["prompt_eval_duration"] / 1e9 == pytest.approx(10 * slow.figure("prompt_seconds_total"), rel=0.3)
    assert took_s > (answer["prompt_eval_duration"] + answer["eval_duration"]) / 1e9


def test_real_inference_is_not_hurried(order):
    with pytest.raises(ConfigError) as caught:
        stack_of(json.dumps(order("ollama", ["llm:slow=0.5"], engine="llama.cpp")))
    assert str(caught.value) == "the engine llama.cpp cannot be made faster; give llm:slow a factor of 1 or more."


def test_the_service_in_front_counts_the_servers_tokens(start):
    shown = {"ok": {"body": {"answer": "{answer}", "tokens": "{tokens}", "model": "{model}"}}}
    over = {"sandbox": {"routes": {"query": {"does": "query", "permission": "query", "cases": shown}}}}
    sandbox = start(only=["api", "ollama"], engine="llama.cpp", over=over)
    answer = sandbox.query(QUESTION).json()
    assert (answer["tokens"], answer["model"]) == (8, "harbour-small")
    assert answer["answer"].strip()


def test_a_server_that_is_killed_is_said_and_started_again(breakable):
    asking, said = breakable
    body = {"model": "harbour-small", "prompt": QUESTION, "options": {"num_predict": 4000}}
    (runner,) = asking.runners()
    said.append(rf"sandbox: llama\.cpp with harbour-small \(process {runner.pid}\) has ended: status -9\.\n")
    with asking.sandbox.http.stream("POST", f"{asking.url}/api/generate", json=body) as response:
        lines = response.iter_lines()
        next(lines)
        runner.kill()
        with pytest.raises(Exception, match="peer closed connection"):
            list(lines)
    runner.wait(60)  # a call that comes before the death is noticed is an error still
    again = asking.post(options={"num_predict": 2}).json()
    assert again["eval_count"] == 2
    assert again["load_duration"] > 0.05e9


def test_a_whole_answer_is_an_error_where_its_server_is_killed(breakable):
    asking, said = breakable
    (runner,) = asking.runners()
    said.append(rf"sandbox: llama\.cpp with harbour-small \(process {runner.pid}\) has ended: status -9\.\n")
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(asking.post, options={"num_predict": 8000})
        while not asking.figure("requests_processing"):
            assert not call.done()
            time.sleep(0.01)
        runner.kill()
        answer = call.result()
    assert (answer.status_code, answer.json()) == (500, {"error": "llama runner process has terminated"})


def test_servers_go_with_the_part_that_keeps_them(breakable):
    asking, said = breakable
    (runner,) = asking.runners()
    part = runner.parent()
    said.append(rf"sandbox: the part llm \(process {part.pid}\) has ended\.\n")
    part.kill()
    assert psutil.wait_procs([runner, part], 60)[1] == []


def test_a_model_that_cannot_be_read_is_explained(tmp_path):
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF and nothing else")
    before = psutil.Process().num_fds()
    with pytest.raises(LlmopsError) as caught:
        Keeper(file, "broken")
    assert re.fullmatch(r"llama\.cpp did not come up with broken; the last that it said: .*\w.*", str(caught.value))
    assert psutil.Process().num_fds() == before
