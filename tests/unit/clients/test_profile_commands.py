"""The commands of the profiles as they are run on the real systems: what of them can be tried here."""

import datetime as dt
import json
import os
import subprocess
import sys

import jmespath
import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.failing_service import FailingService
from pytest_llmops.errors import CallFailed
from pytest_llmops.target import profiles
from pytest_llmops.target.surroundings import AppCommand

SYSTEMS = [name for name in profiles.names() if "app_command" in profiles.read(name).get("components", {})]
JSON_FILES = ("chapter_patterns", "extraction_profiles", "validation_rules", "metadata_keywords")
GATEWAY = """
import os, time, urllib.error, urllib.request
from workflows.shared.providers.base import LLMError

class LLMGatewayClient:
    def __init__(self):
        self.base_url = os.getenv("LLM_GATEWAY_URL", "http://localhost:8080")
        self.timeout = float(os.getenv("LLM_GATEWAY_TIMEOUT", "30.0"))

class GatewayProvider:
    def call(self, prompt, max_tokens):
        for pause in (0, 0.02, 0.04):
            time.sleep(pause)
            try:
                urllib.request.urlopen(LLMGatewayClient().base_url + "/v1/chat/completions", b"{}")
            except urllib.error.HTTPError as error:
                said = LLMError(f"Gateway error: {error.code}")
        raise said
"""
BASE = """
class LLMError(Exception):
    pass
"""
FACTORY = """
from workflows.shared.clients.llm_gateway import GatewayProvider as create_llm_provider
"""
SETTINGS = """
import os
from types import SimpleNamespace as N
from dotenv import load_dotenv
load_dotenv()
settings = N(
    llm=N(
        provider=os.getenv("LLM_PROVIDER", "anthropic"), temperature=float(os.getenv("LLM_TEMPERATURE", "0.2")),
        max_tokens=8192, api_key="kettle",
    ),
    cache=N(enabled=True), retry=N(max_attempts=2),
)
"""
DOTENV = """
import os
def load_dotenv():
    os.environ["LLM_PROVIDER"] = "gateway"
"""

FITZ = """
import json
from types import SimpleNamespace as N
class open:
    def __init__(self):
        self.pages = []
    def new_page(self):
        return N(insert_text=lambda at, text: self.pages.append(text))
    def save(self, name):
        with __builtins__["open"](name, "w") as file:
            json.dump(self.pages, file)
"""
CONVERTER = """
import json, sys
with open(sys.argv[1]) as book:
    pages = json.load(book)
with open(sys.argv[2], "w") as out:
    json.dump({"pages": [{"content": text} for text in pages], "chapters": [{"number": 1}]}, out)
"""


def commands(name):
    return AppCommand.model_validate(profiles.read(name)["components"]["app_command"]).commands


@pytest.mark.parametrize("system", SYSTEMS)
def test_python_on_a_command_line_compiles(system):
    for command in commands(system).values():
        if "-c" in command.argv and "python" in command.argv[command.argv.index("-c") - 1]:
            compile(command.argv[command.argv.index("-c") + 1], " ".join(command.argv[:2]), "exec")


@pytest.fixture
def enhancer(target, ledger, tmp_path):
    """The commands of document-enhancer, run in a folder here by this Python."""
    for folder in (
        "config",
        "workflows/shared/clients",
        "workflows/shared/providers",
        "docs/operations",
        "workflows/logs",
    ):
        (tmp_path / folder).mkdir(parents=True)
    for name in JSON_FILES:
        (tmp_path / f"config/{name}.json").write_text('{"one": 1, "two": 2}')
    (tmp_path / "config/settings.py").write_text(SETTINGS)
    (tmp_path / "dotenv.py").write_text(DOTENV)
    (tmp_path / "workflows/shared/clients/llm_gateway.py").write_text(GATEWAY)
    (tmp_path / "workflows/shared/providers/base.py").write_text(BASE)
    (tmp_path / "workflows/shared/providers/factory.py").write_text(FACTORY)
    named = {
        name: {"argv": [sys.executable if word == "python" else word for word in command.argv], "exit": command.exit}
        for name, command in commands("document-enhancer").items()
    }
    return connect(target(app_command={"commands": named}), "app_command", ledger)


def test_configuration_files(enhancer, tmp_path):
    assert enhancer.lines("config_files") == [
        "config/settings.py 5",
        *(f"config/{name}.json 2" for name in JSON_FILES),
    ]
    (tmp_path / "config/metadata_keywords.json").write_text("{}")
    with pytest.raises(CallFailed) as empty:
        enhancer.run("config_files")
    assert str(empty.value).endswith("it said: config/metadata_keywords.json: it is empty.")
    (tmp_path / "config/settings.py").write_text("import (")
    (tmp_path / "config/extraction_profiles.json").write_text('{"one" 1}')
    with pytest.raises(CallFailed) as broken:
        enhancer.run("config_files")
    said = str(broken.value).partition("it said: ")[2]
    assert [one.partition(": ")[0] for one in said.split("; ")] == [
        "config/settings.py",
        "config/extraction_profiles.json",
        "config/metadata_keywords.json",
    ]
    assert "(<unknown>, line 1)" in said
    assert "Expecting ':' delimiter: line 1 column 8 (char 7)" in said


def test_effective_settings(enhancer, monkeypatch):
    monkeypatch.setenv("LLM_PROVIDER", "openai")
    monkeypatch.setenv("LLM_TEMPERATURE", "0.9")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    found = enhancer.run("effective_settings")
    assert json.loads(found.output) == {
        "llm": {"provider": "anthropic", "temperature": 0.2, "max_tokens": 8192},
        "cache": {"enabled": True},
        "retry": {"max_attempts": 2},
    }
    assert "kettle" not in found.output


def test_the_provider_in_effect_tries_again(enhancer, monkeypatch):
    monkeypatch.setenv("LLM_GATEWAY_TIMEOUT", "45")
    with FailingService() as service:
        said = enhancer.json("gateway_retry", service.url)
    assert said == {"provider": "gateway", "timeout_s": 45.0, "error": "Gateway error: 503"}
    assert service.calls == 3


def test_a_burst_is_made_only_where_the_settings_name_a_rate(enhancer, tmp_path):
    with FailingService() as service:
        assert enhancer.json("rate_burst", service.url) == {"rate_limit": None}
        assert service.calls == 0
        settings = tmp_path / "config/settings.py"
        settings.write_text(SETTINGS.replace('api_key="kettle",', 'api_key="kettle", rate_limit=6,'))
        assert enhancer.json("rate_burst", service.url) == {"rate_limit": 6}
        assert service.calls == 8 * 3  # a third more than the rate, each tried three times


QDRANT = """
from types import SimpleNamespace as N
SET = {"grpc.keepalive_time_ms": 30000, "grpc.keepalive_permit_without_calls": True}
own = N(_prefer_grpc=True, _grpc_port=6334, _timeout=60, _grpc_options=SET)
qdrant_client = N(_client=own, get_collections=list)
"""


def test_options_of_the_vector_stores_client_are_numbers(client, tmp_path):
    (tmp_path / "app.py").write_text(QDRANT)
    words = commands("aegis-rag")["vector_client"].argv[-1].replace("sleep(61)", "sleep(0)")
    said = client("app_command", commands={"ask": {"argv": [sys.executable, "-c", words]}}).json("ask")
    assert said["survived"]
    assert json.dumps(said["options"]) == (
        '{"grpc.keepalive_time_ms": 30000, "grpc.keepalive_permit_without_calls": 1}'
    )


SEARCH = """
from types import SimpleNamespace as N
REAL, MADE_UP = N(metadata={"type": "web_result"}), N(metadata={"type": "manual_search"})
ANSWERS = {
    "duckduckgo": ([("https://html.duckduckgo.com/html/", 202), ("https://api.duckduckgo.com/", 200)], [MADE_UP]),
    "searx": ([("https://searx.be/search", 200)], [REAL, REAL]),
    "brave": ([], None),
}
class WebSearchService:
    def __init__(self):
        self.session = N(hooks={"response": []})
    def search(self, query):
        print("Search error: noise")
        answers, results = ANSWERS[query.provider]
        for url, status in answers:
            for hook in self.session.hooks["response"]:
                hook(N(url=url, status_code=status), timeout=10)
        if results is None:
            raise LookupError("timed out")
        return N(results=results)
"""
CONSTANTS = """
SEARCH_PROVIDERS = {"duckduckgo": {}, "searx": {"enabled": True}, "brave": {"enabled": True}, "old": {"enabled": False}}
"""


def test_search_providers(client, tmp_path):
    for name, text in {
        "config/constants.py": CONSTANTS,
        "core/models/search.py": "from types import SimpleNamespace as SearchQuery",
        "services/search_service.py": SEARCH,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    _, *words = commands("agent-aiops")["search_providers"].argv
    app = client("app_command", commands={"search": {"argv": [sys.executable, *words]}})
    found = app.json("search")
    assert found == {
        "duckduckgo": {
            "asked": [["html.duckduckgo.com", 202], ["api.duckduckgo.com", 200]],
            "status": 200,
            "results": 0,
            "error": "",
        },
        "searx": {"asked": [["searx.be", 200]], "status": 200, "results": 2, "error": ""},
        "brave": {"asked": [], "status": None, "results": 0, "error": "LookupError: timed out"},
    }


BURST = """
import threading, urllib.request
import requests
class WebSearchService:
    def __init__(self):
        self.session = requests.Session()
    def search(self, query):
        number = int(query.query.split()[1])
        if query.provider == "refusing" and number >= 20:
            raise PermissionError("not so fast")
        if query.provider == "delaying" and number >= 3:
            threading.Event().wait()
        if query.provider == "elsewhere":
            urllib.request.urlopen("http://127.0.0.1:9/")
        print("searching")
        found = self.session.get(f"https://{query.provider}.example/", params={"q": query.query}, timeout=10)
        found.raise_for_status()
        assert found.json()["results"]
        requests.get("http://fallback.example/")
"""
LIMITS = """
SEARCH_CONFIG = {"providers": {"refusing": {"rate_limit": "20/min", "timeout": 3}}}
SEARCH_PROVIDERS = {
    "open": {}, "refusing": {"rate_limit": None}, "elsewhere": {"rate_limit": 3}, "old": {"enabled": False},
}
"""


def test_a_burst_of_searches_is_passed_on_refused_or_delayed(client, tmp_path):
    for name, text in {
        "config/constants.py": LIMITS,
        "core/models/search.py": "from types import SimpleNamespace as SearchQuery",
        "services/search_service.py": BURST,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    _, *words = commands("agent-aiops")["search_burst"].argv
    hasty = [word.replace("WITHIN_S = 100, 30", "WITHIN_S = 100, 1") for word in words]
    assert hasty != words
    app = client(
        "app_command",
        commands={"burst": {"argv": [sys.executable, *words]}, "hasty": {"argv": [sys.executable, *hasty]}},
    )
    within = {"sent": 100, "within_s": 30}
    assert app.json("burst") == {
        "open": {"limit": {}, "passed": 100, "error": "", **within},
        "refusing": {
            "limit": {"rate_limit": "20/min"},
            "passed": 20,
            "error": "PermissionError: not so fast",
            **within,
        },
        "elsewhere": {
            "limit": {"rate_limit": 3},
            "passed": 0,
            "error": "URLError: <urlopen error no connection leaves a burst>",
            **within,
        },
    }
    (tmp_path / "config/constants.py").write_text("SEARCH_PROVIDERS = {'delaying': {}}")
    assert app.json("hasty")["delaying"]["passed"] <= 3


AGENT = """
from types import SimpleNamespace

class AgentFactory:
    @staticmethod
    def create_agent(model):
        tool = SimpleNamespace(execute=lambda query: {"success": True})
        agent = SimpleNamespace(tools={"terminal": tool})
        def process_query_stream(query):
            allowed = tool.execute(query)["success"]
            for kind, content in STEPS:
                yield SimpleNamespace(step_type=SimpleNamespace(value=kind), content=f"{content} {model} {allowed}")
        agent.process_query_stream = process_query_stream
        return agent
"""
THOUGHT = ("thought", "hm")


@pytest.mark.parametrize(
    ("steps", "answer", "error"),
    [
        ([THOUGHT, ("final_answer", "42")], "42 tiny False", ""),
        ([THOUGHT, ("error", "no such tool"), THOUGHT, ("final_answer", "42")], "42 tiny False", ""),
        ([THOUGHT, ("error", "it failed")], "", "it failed tiny False"),
        ([], "", ""),
    ],
)
def test_the_agent_is_asked_and_allowed_no_tool(client, tmp_path, steps, answer, error):
    for folder in ("services", "config"):
        (tmp_path / folder).mkdir()
    (tmp_path / "services/agent_factory.py").write_text(f"STEPS = {steps!r}\n{AGENT}")
    (tmp_path / "config/settings.py").write_text("DEFAULT_MODEL = 'tiny'\n")
    _, *words = commands("agent-aiops")["agent_answer"].argv
    app = client("app_command", commands={"agent_answer": {"argv": [sys.executable, *words]}})
    said = app.json("agent_answer", "How many?")
    assert (said["answer"], said["error"]) == (answer, error)
    assert said["took_s"] >= 0


@pytest.mark.parametrize(
    ("line", "exhausted"),
    [
        ({"exception": {"type": "MemoryError", "message": ""}}, True),
        ({"exception": {"type": "OutOfMemoryError", "message": "CUDA error"}}, True),
        ({"exception": {"type": "_ArrayMemoryError", "message": "Unable to allocate 8 GiB"}}, True),
        ({"message": "failed", "exception": {"type": "RuntimeError", "message": "Out of memory"}}, True),
        ({"message": "the model server is out of memory"}, True),
        ({"message": "failed", "exception": {"type": "ConnectionError", "message": "refused"}}, False),
        ({"message": "failed"}, False),
    ],
)
def test_who_ran_out_of_memory(line, exhausted):
    keys = profiles.read("agent-aiops")["components"]["logs"]["sources"]["app"]["keys"]
    assert jmespath.search(keys["exhausted"], line) is exhausted


def said_of(*messages):
    """What the profile reads off a request's line with these messages."""
    keys = profiles.read("agent-aiops")["components"]["logs"]["sources"]["llm_requests"]["keys"]
    details = [{"index": index, "role": role, "content": text} for index, (role, text) in enumerate(messages)]
    line = {"correlation_id": "q1", "model": "m", "estimated_input_tokens": 4000, "message_details": details}
    return {name: jmespath.search(keys[name], line) for name in ("question", "topic", "length")}


def test_topic_and_length_are_of_the_question_alone():
    before = [
        ("system", "Watch for errors; monitor what is deployed. " * 50),
        ("user", "Why this error?"),
        ("assistant", "So."),
    ]
    assert said_of(*before, ("user", "Who is there?")) == {"question": "q1", "topic": "other", "length": "short"}
    assert said_of(*before, ("user", "Deploy it. " * 20), ("assistant", "error"))["topic"] == "deployment"
    assert said_of(*before, ("user", "Deploy it. " * 20))["length"] == "medium"
    assert said_of(*before, ("user", "Monitor it. " * 80)) == {
        "question": "q1",
        "topic": "monitoring",
        "length": "long",
    }
    assert said_of(*before)["topic"] == "errors"
    assert said_of() == {"question": "q1", "topic": "other", "length": "short"}


def test_a_gateway_that_is_not_in_effect_is_not_asked(enhancer, tmp_path):
    (tmp_path / "dotenv.py").write_text("def load_dotenv():\n    pass\n")
    with FailingService() as service:
        assert enhancer.json("gateway_retry", service.url) == {"provider": "anthropic"}
    assert service.calls == 0


def test_a_monthly_report_that_is_empty(client, tmp_path):
    command = commands("voyageur")["monthly_report_written"]
    app = client("app_command", commands={"written": {"argv": command.argv}})
    file = tmp_path / "202612.json"
    with pytest.raises(CallFailed) as missing:
        app.run("written", str(file))
    assert "No such file or directory" in str(missing.value)
    file.touch()
    with pytest.raises(CallFailed) as empty:
        app.run("written", str(file))
    assert str(empty.value).endswith(f"it said: {file} is empty.")
    file.write_text("{}")
    assert float(app.run("written", str(file)).output) > 1e9


@pytest.fixture
def converter(tmp_path):
    """Puts a script in the place of the converter of PDFs."""

    def converter(script):
        folder = tmp_path / "workflows/pdf_to_json/scripts"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "convert_pdf_to_json.py").write_text(script)

    (tmp_path / "fitz.py").write_text(FITZ)
    return converter


def test_a_document_goes_through_the_converter(enhancer, converter):
    converter(CONVERTER)
    assert enhancer.text("smoke_test") == "3 pages, 1 chapters\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (CONVERTER.replace("in pages]", "in pages[:1]]"), "of 3 pages the text of page [2, 3] is lost; 1 chapters"),
        (CONVERTER.replace('[{"number": 1}]', "[]"), "of 3 pages the text of page none is lost; 0 chapters"),
        ("import sys\nsys.exit('no module named yake')", "the converter ended with 1: no module named yake"),
    ],
)
def test_a_document_that_does_not(enhancer, converter, script, said):
    converter(script)
    with pytest.raises(CallFailed) as lost:
        enhancer.run("smoke_test")
    assert str(lost.value).endswith(f"it said: {said}.")


def test_workers_of_a_pool_are_those_that_did_a_document(client, converter):
    converter(CONVERTER)
    _, *words = commands("document-enhancer")["pool_trial"].argv
    few = [word.replace("range(8)", "range(2)") for word in words]
    told = client("app_command", commands={"trial": {"argv": [sys.executable, *few]}}).json("trial")
    assert told["documents"] == sorted(told["four"]["done"]) == ["document-0", "document-1"]
    assert len(told["one"]["workers"]) == 1
    assert len(told["four"]["workers"]) <= 2


LOUD = "import logging\nlogging.getLogger('segmenter').debug('pass A')\n"


def test_one_document_and_what_it_comes_to(enhancer, converter):
    converter(CONVERTER)
    assert enhancer.json("one_document") == {"exit": 0, "outputs": ["smoke.json"], "said": ""}
    converter("import os, sys\nsys.exit(os.environ['LLM_PROVIDER'])")
    assert enhancer.json("one_document") == {"exit": 1, "outputs": [], "said": "gateway"}


def test_a_run_in_debug_mode(enhancer, converter):
    converter(LOUD + CONVERTER)
    assert enhancer.lines("debug_run") == ["DEBUG segmenter: pass A"]
    converter(LOUD + "import sys\nsys.exit('no module named yake')")
    with pytest.raises(CallFailed, match="debug_run: ended with exit status 1; it said: no module named yake"):
        enhancer.run("debug_run")


VALUES = """
def dotenv_values(name):
    return dict(one.split("=") for one in open(name).read().split())
"""


@pytest.mark.parametrize(("own", "used"), [({}, "gateway"), ({"LLM_PROVIDER": "Anthropic"}, "anthropic")])
def test_the_provider_in_use_is_that_of_the_interface(enhancer, tmp_path, monkeypatch, own, used):
    monkeypatch.delenv("LLM_PROVIDER", raising=False)
    (tmp_path / "dotenv.py").write_text(VALUES)
    (tmp_path / ".env").write_text("LLM_PROVIDER=gateway\n")
    with pytest.raises(CallFailed, match=r"no process of ui\.main runs"):
        enhancer.run("provider_in_use")
    words = [sys.executable, "-c", "print(flush=True); input()", "ui.main"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **own}) as interface:
        interface.stdout.readline()
        assert enhancer.text("provider_in_use") == f"{used}\n"
        interface.kill()


def test_documents_and_logs(enhancer, tmp_path):
    with pytest.raises(CallFailed):
        enhancer.run("documents")
    (tmp_path / "docs/TROUBLESHOOTING.md").write_text("")
    (tmp_path / "docs/operations/RUNBOOK.md").write_text("# Operations\n")
    assert enhancer.lines("documents") == ["13 docs/operations/RUNBOOK.md"]
    assert enhancer.lines("pipeline_logs") == []
    (tmp_path / "workflows/logs/llm_enhancement_20261201_090000.log").touch()
    [line] = enhancer.lines("pipeline_logs")
    assert float(line.split()[0]) > 1e9
    assert float(enhancer.lines("settings_written")[0]) > 1e9
    assert len(enhancer.lines("config_written")) == 5


def test_copies_that_hold_no_configuration_do_not_count(enhancer, tmp_path):
    for name in ("outputs/chapter_1.md", "logs_20261201.tar.gz"):
        (tmp_path / "backups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "backups" / name).write_text("newer than any configuration")
    assert enhancer.lines("config_backups") == []
    held = {"backup_20261201_020000/config/settings.py", "backup_20261201_020000.tar.gz", "config_20261201.tar.gz"}
    for name in held:
        (tmp_path / "backups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "backups" / name).write_text("rate_limit = 60")
    assert {line.partition(" backups/")[2] for line in enhancer.lines("config_backups")} == held


def test_processes(enhancer):
    found = [line.split(None, 1) for line in enhancer.lines("processes")]
    assert any("pytest" in command for _, command in found)
    assert all(age.isdigit() for age, _ in found)


CHECKER = """
print("2026-01-05 09:00:00 [info     ] hhem_model_loading")
words = lambda text: set(text.lower().replace(".", "").split())
class HallucinationChecker:
    async def check(self, answer, context):
        return {"score": 0.9 if words(answer) <= words(" ".join(context)) else 0.1}
"""


@pytest.fixture
def pipeline(client, tmp_path):
    """The commands of enterprise-pipeline that compose runs in the pipeline's container, run here by this Python."""
    (tmp_path / "src/pipeline/quality").mkdir(parents=True)
    (tmp_path / "src/pipeline/quality/__init__.py").write_text(CHECKER)
    named = {
        name: {"argv": [sys.executable, *command.argv[command.argv.index("-c") :]], "output": command.output}
        for name, command in commands("enterprise-pipeline").items()
        if name in {"hhem_scores", "pipeline_memory"}
    }
    return client("app_command", commands=named)


def test_the_checker_of_the_pipeline_is_asked_for_both_answers(pipeline):
    assert pipeline.json("hhem_scores") == {"faithful": 0.9, "invented": 0.1}


def test_the_largest_process_is_found(pipeline):
    held = bytearray(b"x") * 80_000_000  # so that some process here is as large
    assert pipeline.json("pipeline_memory")["resident_bytes"] >= len(held)


FLYWHEEL = """
import argparse, json, pathlib
asked = argparse.ArgumentParser()
for name in ("--week", "--annotations-dir", "--reports-dir"):
    asked.add_argument(name, required=True)
told = asked.parse_args()
reports, pending = pathlib.Path(told.reports_dir), pathlib.Path(told.annotations_dir, "pending")
for folder in (reports, pending):
    folder.mkdir(parents=True)
(reports / f"triage-{told.week}.json").write_text(json.dumps({"total_responses": 3}))
(pending / "t1.json").write_text(json.dumps({"trace_id": "t1"}))
print("=== Weekly Flywheel ===")
"""
ANNOTATE = """
import sys
print({"stats": "Pending:   1\\nCompleted: 2\\nTotal:     3", "next": '{\\n  "trace_id": "t1"\\n}'}[sys.argv[1]])
"""
EVALUATION = """
import json, pathlib, sys
pathlib.Path(sys.argv[sys.argv.index("--output") + 1], "2026-11-30.json").write_text("{}")
print(json.dumps({"status": "insufficient_data", "sample_size": 0}))
"""
BREAKS = "import sys\nsys.exit('traces/local: permission denied')"


@pytest.fixture
def quality(client, tmp_path):
    """The commands of the flywheel, run here by this Python over scripts in the place of the application's."""

    def quality(**scripts):
        (tmp_path / "scripts").mkdir(exist_ok=True)
        for name, script in scripts.items():
            (tmp_path / f"scripts/{name}.py").write_text(script)
        named = {
            name: {
                "argv": [
                    sys.executable,
                    "-c",
                    command.argv[-1].replace("/tmp/llmops-flywheel", str(tmp_path / "held")),
                ],
                "output": command.output,
            }
            for name, command in commands("enterprise-pipeline").items()
            if name in {"annotations", "triage_reports", "triage_rehearsal", "quality_eval", "flywheel_scratch_holds"}
        }
        return client("app_command", commands=named)

    return quality


def test_the_first_phase_is_rehearsed_in_a_folder_of_its_own(quality, tmp_path):
    app = quality(run_weekly_flywheel=FLYWHEEL)
    week = dt.datetime.now(dt.UTC).strftime("%G-W%V")
    assert app.json("triage_rehearsal") == {
        "files": [f"triage-{week}.json"],
        "report": {"total_responses": 3},
        "tasks": ["t1"],
    }
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["scripts"]
    with pytest.raises(CallFailed, match="it said: traces/local: permission denied"):
        quality(run_weekly_flywheel=BREAKS).json("triage_rehearsal")


def test_the_queue_of_annotations(quality, tmp_path):
    app = quality(annotate=ANNOTATE)
    assert app.json("annotations") == {"pending": 1, "completed": 2, "next": {"trace_id": "t1"}, "oldest_s": 0}
    (tmp_path / "annotations/pending").mkdir(parents=True)
    (tmp_path / "annotations/pending/t1.json").write_text("{}")
    os.utime(tmp_path / "annotations/pending/t1.json", (1, 1))
    assert app.json("annotations")["oldest_s"] > 1e9
    none = ANNOTATE.replace('{\\n  "trace_id": "t1"\\n}', "No pending annotations.")
    assert quality(annotate=none).json("annotations")["next"] is None
    with pytest.raises(CallFailed, match="it said: traces/local: permission denied"):
        quality(annotate=BREAKS).json("annotations")


def test_the_triage_reports_by_week(quality, tmp_path):
    app = quality()
    assert app.json("triage_reports") == {}
    (tmp_path / "reports/triage").mkdir(parents=True)
    (tmp_path / "reports/triage/triage-2026-W49.json").write_text('{"total_responses": 3}')
    (tmp_path / "reports/triage/triage-2026-W48.json").write_text('{"total_')
    assert app.json("triage_reports") == {"2026-W48": None, "2026-W49": {"total_responses": 3}}


def test_the_evaluation_leaves_no_report(quality, tmp_path):
    assert quality(run_daily_eval=EVALUATION).json("quality_eval") == {"status": "insufficient_data", "sample_size": 0}
    assert not list(tmp_path.rglob("2026-11-30.json"))
    with pytest.raises(CallFailed, match="it said: traces/local: permission denied"):
        quality(run_daily_eval=BREAKS).json("quality_eval")


def test_what_the_scratch_copy_holds(quality, tmp_path):
    app = quality()
    assert app.json("flywheel_scratch_holds")["scratch"] == "none"
    files = {
        "golden_dataset/faithfulness_tests.jsonl": '{"query": "Why?"}\n',
        "held/golden/faithfulness_tests.jsonl": '{"query": "Why?"}\n' * 3,  # imported, and of the expanded evaluation
        "held/golden/promptfoo_tests.jsonl": '{"vars": {"query": "How?"}}\n',
        "held/exported/faithfulness_tests.jsonl": '{"id": 2}\n\n{"id"\n',
        "held/annotations/completed/t1.json": '{"query": "Why?", "annotation": {"correct_answer": "So."}}',
        "held/annotations/completed/t2.json": '{"query": "", "annotation": {"correct_answer": "So."}}',
        "held/annotations/completed/t3.json": "{",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert app.json("flywheel_scratch_holds") == {
        "scratch": "copied",
        "submitted": 3,
        "grown": {"faithfulness_tests.jsonl": 1, "promptfoo_tests.jsonl": 0},
        "exported": {"faithfulness_tests.jsonl": 2, "promptfoo_tests.jsonl": 0},
        "unreadable": ["exported/faithfulness_tests.jsonl:3"],
        "unusable": 2,
    }


def test_the_scratch_copy_is_made_and_goes(tmp_path):
    table = profiles.read("enterprise-pipeline")["settings"]["flywheel_scratch"]
    held = str(tmp_path / "held")

    def told(words, *more):
        script = words[words.index("pipeline") + 1 :]
        run = [word.replace("/tmp/llmops-flywheel", held).replace("{value}", *more or ("",)) for word in script]
        return subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    (tmp_path / "golden_dataset").mkdir()
    (tmp_path / "golden_dataset/a.jsonl").write_text("{}")
    (tmp_path / "annotations/completed").mkdir(parents=True)
    assert told(table["read"]) == "none"
    told(table["write"], "copied")
    told(table["write"], "copied")
    assert told(table["read"]) == "copied"
    there = sorted(path.relative_to(tmp_path / "held").as_posix() for path in (tmp_path / "held").rglob("*"))
    assert there == ["annotations", "annotations/completed", "golden", "golden/a.jsonl"]
    told(table["write"], "none")
    assert told(table["read"]) == "none"
    assert (tmp_path / "golden_dataset/a.jsonl").exists()
