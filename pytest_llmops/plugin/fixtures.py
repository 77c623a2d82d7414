"""The fixtures: live endpoints of the target, and the tools that measure them.

All of them depend on one private fixture only, so a fixture of yours with the same name replaces ours for your tests
and rewires nothing else. A component that does not answer is an error that names it, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from pytest_llmops.plugin.ours import CHECK, run_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmops.clients.alertmanager import Alertmanager
    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.containers import Containers
    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.grafana import Grafana
    from pytest_llmops.clients.langfuse import Langfuse
    from pytest_llmops.clients.llm import Llm
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.clients.openai import OpenAI
    from pytest_llmops.clients.prometheus import Prometheus
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.monitoring import Lint
    from pytest_llmops.operate.staged import Staged
    from pytest_llmops.plugin.channels import Channels
    from pytest_llmops.plugin.measuring import Measure, Record
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.plugin.triaging import Diagnostics, Triage
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.report.over_time import History
    from pytest_llmops.samples import Workload
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

    Also ``setup() alertmanagers() labels() series() fired() value_within()``.

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
def lint(_llmops: Run) -> Lint:
    """What can say nothing on this system, looked into once a run; and what watches it, held against its runbook.

    ``findings untrue of() unknown() meant()``: rules that cannot fire or fire always, metrics that never move, scrape
    jobs that are always down, panels that draw nothing, commands that cannot work, rows of a table that no job fills.
    ``meant`` makes a check *vacuous* where one of them was found. ``rule() job() setup() firing() strangers()`` ask
    Prometheus now. All findings stand in ``run.json`` under ``vacuous``, and in the summary.

    Example:
        def test_the_rule_about_errors(prometheus, lint):
            rule = lint.rule("HighErrorRate")
            assert not rule.differs
            lint.meant("rule", "HighErrorRate")
            assert not rule.mistaken
    """
    from pytest_llmops.errors import Unreachable
    from pytest_llmops.operate.lint import look
    from pytest_llmops.operate.monitoring import Lint

    own = _llmops.own

    def reach(component: str) -> Client | None:
        if component not in own.declared.table.components.configured():
            return None
        try:
            return own.reached(component)
        except Unreachable:
            return None

    fact = own.directory.once("lint", lambda: look(own.target, reach))
    return Lint(own.target, fact, cast("Prometheus | None", reach("prometheus")))


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
    """The page for people, a Streamlit app: ``health() sessions() ask()``.

    ``ask`` runs its script in a process of its own, with the interpreter that it lives in, types a question and reads
    the answer; an exception or an error that the page shows is a failed call. It needs ``app`` in the table.

    Example:
        def test_the_page_answers(ui):
            assert ui.ask("What is the capital of France?").knows("Paris")
    """
    return cast("Ui", _llmops.own.serving("ui"))


@pytest.fixture(scope="session")
def logs(_llmops: Run) -> Logs:
    """The application's logs, by the names of ``components.logs.sources``: ``entries() count() event() follow()``.

    Also ``merged() sizes() retention() rotated() archive() newest_age_s() reach_days()``. What it returns can be
    filtered and grouped further (``at_least() last() top() types() by() novel() rising()``) and written for people
    (``report()``), without secrets. A log without any entry of the time that is asked for is *vacuous*, not good news.

    Example:
        def test_no_errors_of_the_last_day(logs, record):
            record("log_errors", logs.count("app", since_s=86400, level="error"), "entries")
    """
    return cast("Logs", _llmops.own.serving("logs"))


@pytest.fixture(scope="session")
def files(_llmops: Run) -> Files:
    """Files that the application keeps, by the names of ``components.files.sets``: ``found() backups()``.

    ``found`` says what of a set is missing, older than it may be, not writable, too open or not readable; each as a
    list, and ``wrong`` has all of it in sentences.

    Example:
        def test_the_configuration_can_be_read(files):
            assert not files.found("config").wrong
    """
    return cast("Files", _llmops.own.serving("files"))


@pytest.fixture(scope="session")
def services(_llmops: Run) -> Callable[[str], Api]:
    """A function from a further service's name, of ``components.services``, to its client, which can what ``api`` can.

    A service that the target does not have is *unsupported*; one that does not answer is an error that names it, once.

    Example:
        def test_the_reranker_lists_its_models(services):
            assert services("jina").call("models").ok().json()["data"]
    """
    from pytest_llmops.errors import Unsupported

    def service(name: str) -> Api:
        own, known = _llmops.own, _llmops.target.table.components.services
        if name not in known:
            raise Unsupported(
                f"target {own.declared.name} has no service {name!r}; it has: {', '.join(known) or 'none'}."
            )
        return cast("Api", own.reached(name))

    return service


@pytest.fixture(scope="session")
def history(_llmops: Run) -> History:
    """What earlier runs on the target recorded, over time: ``values() growth() all_growth() age() runs() sign_offs()``.

    Also pages of Markdown for ``documents``: ``growth_report() usage_report() pattern_report()``. A trend is Theil and
    Sen's line with its interval; what was not recorded, or not often enough, is *vacuous*. An embedded target whose
    profile has a ``[sandbox.past]`` has that past, in the run directory; it is never mixed with yours.

    Example:
        def test_the_collection_does_not_fill_the_plan(history, vectors, record):
            growth = history.growth("collection_points", now=vectors.collection().points)
            record("collection_points_per_month", growth.per_month, "points")
    """
    from pytest_llmops.plugin.earlier import place_for
    from pytest_llmops.report.over_time import History

    return History(_llmops.declared, place_for(_llmops))


@pytest.fixture(scope="session")
def prompts(_llmops: Run) -> Workload:
    """The target's workload: prompts with ids, so that runs can be compared prompt by prompt."""
    return _llmops.target.workload


@pytest.fixture(scope="session")
def traffic(_llmops: Run) -> Traffic:
    """One round of the target's questions through ``api``, asked once a run: ``questions known pages audited``.

    Many checks read it, and none asks again: a question may take seconds and cost money. All questions are asked where
    the service is quick, the first five where they take more than a second each. A question that fails is part of the
    round; whoever reads its ``reply`` fails with it.

    Example:
        def test_error_rate(traffic, record):
            record.figure("api_error_rate", during=traffic)

        def test_answers_are_short(traffic):
            assert all(len(question.reply.text) < 500 for question in traffic.questions)
    """
    from pytest_llmops.clients.traffic import round_of

    return round_of(cast("Api", _llmops.own.serving("api")), _llmops.target.workload, _llmops.directory.once)


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


@pytest.fixture(scope="session")
def figures(_llmops: Run) -> Figures:
    """Numbers of the target, each read from where its table ``figures.NAME`` says: ``read() shares()``.

    ``read`` gives value, unit, source and time. Most tests want ``record.figure(NAME)``, which also judges it.

    Example:
        def test_memory_is_of_this_minute(figures):
            assert time.time() - figures.read("memory_usage").at < 60

        def test_cpu_usage(record):
            record.figure("cpu_usage")
    """
    return _llmops.figures


@pytest.fixture
def change(_llmops: Run, request: pytest.FixtureRequest) -> Iterator[Change]:
    """Change the target, by its components' ``control`` tables: ``stop() start() restart() kill() pause() resume()``.

    Also ``status()`` and ``logs()``. Each act is journalled before it begins and waits until it was seen to have
    happened; at the end of the test all of them are taken back, the last first: on success, failure, Ctrl-C and
    SIGTERM, and after ``kill -9`` by ``llmops recover``. A test that uses it is disruptive whatever its markers say: it
    runs alone, with both keys, within the target's maintenance windows.

    Example:
        def test_the_api_says_that_the_model_is_away(change, api):
            change.stop("ollama")
            assert not api.health().ok
    """
    disruption = _llmops.disruption
    assert disruption is not None
    yield disruption.change(request.node)
    disruption.take_back()


@pytest.fixture
def measure(_llmops: Run, request: pytest.FixtureRequest) -> Measure:
    """Time calls, compare with thresholds and stored baselines, and fail the test if they do not hold.

    ``measure(name, client, call, *, prompts, check=True)`` makes the calls itself: a warm-up, 30 calls, more only while
    the verdict is open and the budget lasts, and a second run before it says *regression*. Failed calls never enter
    latency; they are the error rate. ``check=False`` returns the measurement without failing the test.

    Under ``--llmops-against NAME`` each call is made in turns on both deployments, in random order, and judged against
    the other's: ``call`` is handed the client of the same component there. So ``call`` must use the client that it is
    handed, not the fixture; whatever else it closes over (the prompts, a vector) is the same for both.

    Example:
        def test_generation_latency(measure, llm, prompts):
            measure("generation_latency", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)
    """
    from pytest_llmops.plugin.measuring import Measure

    return Measure(_llmops, request.node, request.node.stash[CHECK])


@pytest.fixture
def record(_llmops: Run, request: pytest.FixtureRequest) -> Record:
    """Judge one live value by the target's thresholds and keep it in the report: ``record(name, value, unit="")``.

    ``record.figure(name)`` reads the value, too, from where the target's ``figures.NAME`` says.

    Example:
        def test_cpu_usage(record):
            record.figure("cpu_usage")

        def test_enough_models(llm, record):
            record("model_count", len(llm.models()), "models")
    """
    from pytest_llmops.plugin.measuring import Record

    return Record(_llmops, request.node.stash[CHECK])


@pytest.fixture
def documents(_llmops: Run, request: pytest.FixtureRequest) -> Documents:
    """What a step writes for people: ``write(name, text)`` and ``read(path)``, without any secret.

    Each lies below ``<reports>/documents/<target>/`` with its time in its name, is never written over, and stands in
    ``run.json``. ``read`` gives back what stands there, parsed where it is JSON or TOML; a document that is empty or
    does not parse fails the test.

    Example:
        def test_daily_summary(documents, api):
            summary = documents.write("daily-summary.md", f"The service is {api.health().reason or 'healthy'}.")
            assert documents.read(summary)
    """
    from pytest_llmops.report.documents import Documents

    written = request.node.stash[CHECK].documents.append
    return Documents(_llmops.report_folder, _llmops.declared.name, _llmops.redactor, written)


@pytest.fixture(scope="session")
def triage(_llmops: Run) -> Triage:
    """How bad it is now, in the words of the system's runbook: ``severity evidence said rank() failed() answers``.

    Made once a run, in less than two minutes even where components are down: each is probed, health, models, alerts
    and every figure that has a threshold are looked at, side by side. ``severities`` of the target say what that means.
    An incident is opened and ended by it, and ``answers`` knows whether somebody has answered it.

    Example:
        def test_nothing_is_wrong(triage):
            assert not triage.severity, triage.said

        def test_no_outage(triage):
            assert not triage.rank(1).met, triage.rank(1).said
    """
    from pytest_llmops.plugin.triaging import Triage

    return Triage(_llmops)


@pytest.fixture(scope="session")
def diagnostics(_llmops: Run, triage: Triage) -> Diagnostics:
    """The diagnostics bundle of this run, ``<reports>/incidents/<time>-<severity>/``: ``files report read()``.

    Made once a run: logs, metrics, alerts, states, the output of commands, figures of the machine, settings, a short
    benchmark, the incident report, and an index that says what could not be had and why; nothing in it is secret.

    Example:
        def test_the_report_is_there(diagnostics):
            assert diagnostics.read("incident-report.md")
    """
    from pytest_llmops.plugin.triaging import Diagnostics

    return Diagnostics(_llmops, triage)


@pytest.fixture(scope="session")
def channels(_llmops: Run) -> Channels:
    """The target's notification channels: ``names routed() severities() test() tell()``. Needs the extra ``[notify]``.

    ``test(NAME)`` sends one test message a run, and none where the channel took a message of late.

    Example:
        def test_mail_arrives(channels):
            delivery = channels.test("email")
            assert delivery.accepted, delivery.said
    """
    from pytest_llmops.plugin.channels import Channels

    return Channels(_llmops)


@pytest.fixture(scope="session")
def staged(_llmops: Run) -> Staged:
    """What the last run against staging came to, by its ``run.json``, and what is about to be deployed.

    Example:
        def test_staging_passed(staged):
            assert not staged.wrong, "; ".join(staged.wrong)
    """
    from pathlib import Path

    from pytest_llmops.operate.staged import staged
    from pytest_llmops.plugin.deployment import SANDBOX

    own = _llmops.own
    root = Path(own.directory.read(SANDBOX)["root"]) if own.embedded else _llmops.declared.root
    return staged(root, _llmops.declared.table.staging)
