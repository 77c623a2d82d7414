"""The fixtures that are the target and its live endpoints; tools, set-up and incidents have a module each.

All of them depend on one private fixture only, so a fixture of yours with the same name replaces ours for your tests
and rewires nothing else. A component that does not answer is an error that names it, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from pytest_llmops.plugin.ours import run_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.alertmanager import Alertmanager
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.containers import Containers
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.grafana import Grafana
    from pytest_llmops.clients.langfuse import Langfuse
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.clients.openai import OpenAI
    from pytest_llmops.clients.preflight import Preflight
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.plugin.services import Services
    from pytest_llmops.target.load import Target


@pytest.fixture(scope="session")
def _llmops(request: pytest.FixtureRequest) -> Run:
    """This process's part of the run."""
    return run_of(request.config)


@pytest.fixture(scope="session")
def llmops_target(_llmops: Run) -> Target:
    """The deployment under test: its name, settings, thresholds and prompts.

    Example:
        def test_every_configured_model_answers(llmops_target, ollama):
            for model in llmops_target.table.components.ollama.models:
                assert ollama.generate("Hello", model=model).text
    """
    return _llmops.target


@pytest.fixture(scope="session")
def api(_llmops: Run) -> Api:
    """The service in front, by the routes of its profile: ``health() query() metrics() audit() call()``.

    Example:
        def test_it_answers(api):
            assert api.query("How long is the refund window?").text
    """
    return cast("Api", _llmops.own.serving("api"))


@pytest.fixture(scope="session")
def llm(_llmops: Run) -> Llm:
    """The model server, whichever API it speaks (Ollama's or OpenAI's): ``generate() models() embed()``.

    Preflight has three levels: reachable, model listed, one real token before ``preflight_deadline``.
    """
    return cast("Llm", _llmops.own.serving("llm"))


@pytest.fixture(scope="session")
def ollama(_llmops: Run) -> Ollama:
    """The Ollama server: what ``llm`` can, and ``version()``."""
    return cast("Ollama", _llmops.own.serving("ollama"))


@pytest.fixture(scope="session")
def preflight(_llmops: Run) -> Callable[[str], Preflight]:
    """What the run's one probe of a component found, before anything else was asked of it: ``preflight(component)``.

    Example:
        def test_the_model_stayed_in_memory(ollama, preflight):
            assert ollama.was_loaded(preflight("ollama").facts)
    """
    return _llmops.own.preflight


@pytest.fixture(scope="session")
def openai(_llmops: Run) -> OpenAI:
    """The server that speaks OpenAI's API: what ``llm`` can."""
    return cast("OpenAI", _llmops.own.serving("openai"))


@pytest.fixture(scope="session")
def vectors(_llmops: Run) -> Vectors:
    """The Qdrant server: ``ready() collections() collection() search()``."""
    return cast("Vectors", _llmops.own.serving("vectors"))


@pytest.fixture(scope="session")
def redis(_llmops: Run) -> Redis:
    """The Redis server: ``ping() figures() keeps()``."""
    return cast("Redis", _llmops.own.serving("redis"))


@pytest.fixture(scope="session")
def prometheus(_llmops: Run) -> Prometheus:
    """The Prometheus server: ``value() query() range() targets() alerts() rules() ready() version()``.

    Also ``setup() alertmanagers() labels() series() fired() memory() value_within()``.

    ``value`` is the one number that an expression is; where nothing is there, or 0 was divided by 0, the check is
    *vacuous*, not passed.

    Example:
        def test_every_target_is_scraped(prometheus, record):
            down = [target for target in prometheus.targets() if target.health != "up"]
            record("scrape_targets_down", len(down), "targets")

        def test_error_share(prometheus, record):
            failed = 'sum(rate(http_requests_total{status="5xx"}[5m]))'
            record("error_share", prometheus.value(f"100 * {failed} / sum(rate(http_requests_total[5m]))"), "%")
    """
    return cast("Prometheus", _llmops.own.serving("prometheus"))


@pytest.fixture(scope="session")
def alertmanager(_llmops: Run) -> Alertmanager:
    """The Alertmanager: ``alerts() silences() receivers() cluster() ready() version()``.

    Example:
        def test_nobody_is_being_woken(alertmanager, record):
            record("alerts_active", len(alertmanager.alerts(silenced=False)), "alerts")
    """
    return cast("Alertmanager", _llmops.own.serving("alertmanager"))


@pytest.fixture(scope="session")
def grafana(_llmops: Run) -> Grafana:
    """The Grafana server: ``health() version() search() dashboard() sources() source_health()``.

    Preflight has two levels: reachable, its database is ok.

    Example:
        def test_dashboards_answer(grafana, record):
            record("grafana_health_time", grafana.health().elapsed_s, "s")
    """
    return cast("Grafana", _llmops.own.serving("grafana"))


@pytest.fixture(scope="session")
def langfuse(_llmops: Run) -> Langfuse:
    """The Langfuse server: ``health() traces()``; for the number of traces it needs ``auth``.

    Example:
        def test_questions_leave_traces(langfuse, record):
            record("traces_of_the_last_hour", langfuse.traces(last_s=3600), "traces")
    """
    return cast("Langfuse", _llmops.own.serving("langfuse"))


@pytest.fixture(scope="session")
def app_command(_llmops: Run) -> AppCommands:
    """The application's commands, by the names of ``components.app_command.commands``: ``run() json() text() has()``.

    ``run`` returns status, output, errors and the time it took; an exit status that is not among the command's good
    ones, a program that is absent, one that hangs is a failed call. ``json`` finds the document among lines of noise.

    Example:
        def test_migrations_are_applied(app_command):
            assert "[ ]" not in app_command.text("migrations")
    """
    return cast("AppCommands", _llmops.own.serving("app_command"))


@pytest.fixture(scope="session")
def containers(_llmops: Run) -> Containers:
    """The containers, pods or units that parts of the system run in: ``parts() of() all() usage() volumes()``.

    They are asked for by commands of ``app_command``, such as ``docker ps``, ``kubectl get pods``, ``systemctl show``.
    A part that has no container is a failed call.

    Example:
        def test_the_database_runs(containers):
            assert all(container.ready for container in containers.of("db"))
    """
    return cast("Containers", _llmops.own.serving("containers"))


@pytest.fixture(scope="session")
def ui(_llmops: Run) -> Ui:
    """The page for people, a Streamlit app: ``health() sessions() ask() converse()``.

    ``ask`` runs its script in a process of its own, with the interpreter that it lives in, types a question and reads
    the answer; an exception or an error that the page shows is a failed call. ``converse`` asks several, one after the
    other. It needs ``app`` in the table.

    Example:
        def test_the_page_answers(ui):
            assert ui.ask("What is the capital of France?").knows("Paris")
    """
    return cast("Ui", _llmops.own.serving("ui"))


@pytest.fixture(scope="session")
def logs(_llmops: Run) -> Logs:
    """The application's logs, by the names of ``components.logs.sources``: ``entries() count() event() follow()``.

    Also ``merged() sizes() retention() rotated() archive() newest_age_s() reach_days()``. What it returns can be
    filtered and grouped further (``at_least() last() top() types() by() kinds() novel() rising()``) and written for
    people (``report()``), without secrets. A log without any entry of the time that is asked for is *vacuous*, not
    good news.

    Example:
        def test_no_errors_of_the_last_day(logs, record):
            record("log_errors", logs.count("app", since_s=86400, level="error"), "entries")
    """
    return cast("Logs", _llmops.own.serving("logs"))


@pytest.fixture(scope="session")
def files(_llmops: Run) -> Files:
    """Files that the application keeps, by the names of ``components.files.sets``: ``found() backups()``.

    ``found`` says what of a set is missing, older than it may be, not writable, too open or not readable; each as a
    list, and ``wrong`` has all of it in sentences. ``backups(NAME)`` are those of ``components.files.backups``: listed,
    read to the last byte, restored into a scratch folder, compared.

    Example:
        def test_the_configuration_can_be_read(files):
            assert not files.found("config").wrong
    """
    return cast("Files", _llmops.own.serving("files"))


@pytest.fixture(scope="session")
def services(_llmops: Run) -> Services:
    """A function from a further service's name, of ``components.services``, to its client, which can what ``api`` can.

    A service that the target does not have is *unsupported*; one that does not answer is an error that names it, once.
    ``services.unproven(NAME)`` is its client all the same: ``tried(ROUTE)`` says with which status, or that none came.

    Example:
        def test_the_reranker_lists_its_models(services):
            assert services("jina").call("models").ok().json()["data"]

        def test_whether_it_answers_is_recorded(services, record):
            record("reranker_status", services.unproven("jina").tried("models").status)
    """
    from pytest_llmops.plugin.services import Services

    return Services(_llmops.own)


@pytest.fixture(scope="session")
def machine(_llmops: Run) -> Machine:
    """The machine that the system runs on: ``usage() disk() processes() listening() gpus() ways()``.

    With a url it is read off a node exporter's page, else it is this machine. Processes, listeners and GPUs of another
    machine come from app commands that print them.

    Example:
        def test_the_worker_runs(machine, record):
            record("worker_processes", len(machine.processes("worker")), "processes")
    """
    return cast("Machine", _llmops.own.serving("machine"))
