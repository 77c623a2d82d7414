"""One line in, one line out."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.proxy.socket_path import LONGEST_PATH
from pytest_llmops.sandbox.faults import FAULTS
from pytest_llmops.sandbox.llm_part import started_anew
from pytest_llmops.sandbox.order import read as stack_of
from pytest_llmops.sandbox.reception import _LONGEST_PLACE
from pytest_llmops.sandbox.stack import PROXY


def _refused(line):
    done = subprocess.run(
        [sys.executable, "-m", "pytest_llmops.sandbox"],
        input=f"{line}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)["error"], done.stderr


def test_the_line_names_addresses_keys_and_directory(stack):
    told = stack.told
    own = {"components", "environ", "directory", "engine", "knows", "ready_s", "root", "socket", "command", "notify"}
    assert set(told) == {*own, "proxies"}
    assert (told["engine"], told["knows"]) == ("synthetic", True)
    assert set(told["components"]) == {"api", "ollama", "openai", "qdrant", "redis", "machine"}
    assert told["components"]["ollama"] == told["components"]["openai"]
    assert told["components"]["redis"].startswith("redis://127.0.0.1:")
    assert told["components"]["redis"].endswith("/0")
    of_roles, of_parts = ("USER_KEY", "OPERATOR_KEY", "REPLACED_KEY"), ("OLLAMA_KEY", "QDRANT_KEY", "REDIS_LOGIN")
    assert set(told["environ"]) == {f"LLMOPS_SANDBOX_{name}" for name in (*of_roles, *of_parts)}
    assert len(set(told["environ"].values())) == 6
    assert 0 < told["ready_s"] < 300


def _imported(order):
    """How many processes of a sandbox, which ends once it is ready, import each module for themselves."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest_llmops.sandbox"],
        input=f"{json.dumps(order)}\n",
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ready_s" in json.loads(done.stdout)
    return Counter(line.rpartition("|")[2].strip() for line in done.stderr.splitlines())


def test_what_several_processes_need_is_imported_once(order):
    imported = _imported(order("aegis-rag"))
    shared = ("httpx", "h11", "starlette.routing", "uvicorn.protocols.http.flow_control")
    assert {name: imported[name] for name in shared} == dict.fromkeys(shared, 1)


def test_nothing_is_imported_for_others_where_there_are_none(order):
    imported = _imported(order("ollama"))
    assert (imported["h11"], imported["httpx"]) == (1, 0)


def test_only_configured_components_are_told(start):
    assert set(start("ollama").told["components"]) == {"ollama"}


def test_a_component_that_no_part_serves_is_not_told(start):
    unserved = {"langfuse": {}, "ui": {}}
    assert set(start("ollama", over={"components": unserved}).told["components"]) == {"ollama"}


def test_an_api_brings_what_it_is_built_on(start, order):
    sandbox = start(only=["api"])
    assert set(sandbox.told["components"]) == {"api"}
    assert sandbox.query("Who pays for return shipping?").json()["status"] == "answered"
    assert sandbox.http.get(f"{sandbox.url.api}/health").json()["status"] == "healthy"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"faults": ["api:slow=2"]}, "unknown fault 'api:slow'. Did you mean "),
        ({"faults": "llm:hang"}, "faults is a list of names such as ['llm:slow=3'], found 'llm:hang'."),
        ({"faults": ["redis:down"]}, "the fault 'redis:down' acts on redis, which this target does not have."),
        (
            {"engine": "llama"},
            "unknown engine 'llama'. Did you mean 'llama.cpp'? This sandbox has: synthetic, llama.cpp.",
        ),
        ({"engine": None}, "unknown engine None. This sandbox has: synthetic, llama.cpp."),
        ({"parts": ["lmm"]}, "parts names 'lmm', which this target does not have. Did you mean 'llm'?"),
        ({"parts": ["llm"]}, "parts are started alone where addresses says where all are; it lacks llm."),
        ({"components": {}}, "no component is configured, so there is nothing to start."),
        ({"fault": []}, "the order has an unknown key 'fault'. Did you mean 'faults'?"),
        ({"sandbox": {"delay_s": -1}}, "delay_s: Input should be greater than or equal to 0"),
        (
            {"components": {"api": {}}, "sandbox": {"routes": {"query": {"does": "query"}}}},
            "sandbox.routes.query has no components.api.routes.query beside it.",
        ),
    ],
)
def test_a_wrong_order_is_explained(order, change, message):
    with pytest.raises(ConfigError) as caught:
        stack_of(json.dumps({**order("ollama"), **change}))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("faults", "model"), [((), "harbour-small"), (("api:other-model",), "left-behind")])
def test_the_api_asks_a_model_that_lies_there(order, faults, model):
    stack = stack_of(json.dumps(order(faults=faults))).stack
    assert stack.model == model
    assert stack.model in stack.models
    assert stack.models[:2] == ("harbour-small", "harbour-large")


def test_an_order_that_is_no_json_is_explained():
    code, error, said = _refused("hello")
    assert code == 2
    assert error == "the order on standard input is not a line of JSON: Expecting value: line 1 column 1 (char 0)."
    assert said == ""


def test_the_fault_table_is_printed():
    done = subprocess.run(
        [sys.executable, "-m", "pytest_llmops.sandbox", "--faults"],
        input="",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "llm:slow=FACTOR" in done.stdout
    assert len(done.stdout.splitlines()) == len(FAULTS)


def test_a_model_server_that_is_slower_once_it_was_started_anew(order):
    stack = stack_of(json.dumps(order("ollama", ["llm:slower-after=1.6"]))).stack
    assert started_anew(stack).faults.number("llm:slow", 1.0) == 1.6
    assert stack.faults.number("llm:slow", 1.0) == 1.0
    whole = stack_of(json.dumps(order("ollama"))).stack
    assert started_anew(whole) is whole


def test_sockets_of_proxies_have_room_in_the_longest_folder(order):
    longest = Path("/", "x" * (_LONGEST_PLACE - 1), "llmops-hands-12345678")
    asked = {"asked_by": "api", "listen": "127.0.0.1:1", "socket": "of-no-matter"}
    proxies = {f"api-to-{name}": {**asked, "component": name} for name in ("ollama", "qdrant", "redis")}
    stack = replace(stack_of(json.dumps(order(proxies=proxies))).stack, sockets=longest)
    places = [stack.socket_of(f"{PROXY}{name}") for name in stack.proxies]
    assert len(set(places)) == len(places) >= 3
    assert all(len(str(place)) <= LONGEST_PATH for place in places)
