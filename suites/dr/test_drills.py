"""Drills: a component is taken away in one way or another, somebody notices, and it is back with all that it held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.clients.ui import Ui
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.drilling import Drill
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.services import Services
    from pytest_llmops.samples import Workload

OLLAMA, API = pytest.mark.needs("ollama"), pytest.mark.needs("api")
QDRANT, REDIS = pytest.mark.needs("qdrant"), pytest.mark.needs("redis")


@pytest.mark.generic
@pytest.mark.parametrize(
    "component",
    [
        pytest.param("ollama", marks=[OLLAMA, pytest.mark.procedure(fault="llm:wont-start")]),
        pytest.param("api", marks=[API, pytest.mark.procedure(fault="api:wont-stop")]),
        pytest.param("qdrant", marks=[QDRANT, pytest.mark.procedure(fault="vectors:wont-start")]),
        pytest.param("redis", marks=[REDIS, pytest.mark.procedure(fault="redis:forgetful")]),
    ],
)
def test_what_is_stopped_comes_back(component: str, drill: Drill, change: Change) -> None:
    """It ends in good order, and is started again; of a store it is counted what is lost of what it acknowledged."""
    drill(
        f"{component}-stopped",
        component,
        lambda: change.stop(component),
        recovery=lambda: change.start(component),
        canary=component,
    )


@pytest.mark.generic
@pytest.mark.parametrize(
    "component",
    [
        pytest.param("ollama", marks=[OLLAMA, pytest.mark.procedure(fault="llm:slow-start=25")]),
        pytest.param("api", marks=[API, pytest.mark.procedure(fault="api:wont-start")]),
        pytest.param("qdrant", marks=[QDRANT, pytest.mark.procedure(fault="vectors:slow-start=25")]),
        pytest.param("redis", marks=[REDIS, pytest.mark.procedure(fault="redis:wont-start")]),
    ],
)
def test_what_is_killed_comes_back(component: str, drill: Drill, change: Change) -> None:
    """It ends without a chance to clean up, and is started again, unless whoever watches over it was quicker."""
    drill(
        f"{component}-killed",
        component,
        lambda: change.kill(component),
        recovery=lambda: change.start(component),
        canary=component,
    )


@pytest.mark.generic
@pytest.mark.parametrize(
    "component",
    [
        pytest.param("ollama", marks=[OLLAMA, pytest.mark.procedure(fault="llm:wont-pause")]),
        pytest.param("api", marks=[API, pytest.mark.procedure(fault="api:wont-pause")]),
        pytest.param("qdrant", marks=[QDRANT, pytest.mark.procedure(fault="vectors:wont-pause")]),
        pytest.param("redis", marks=[REDIS, pytest.mark.procedure(fault="redis:wont-pause")]),
    ],
)
def test_what_hangs_is_noticed(component: str, drill: Drill, change: Change) -> None:
    """It stands still, takes connections, and answers none: no process is missing, and only who waits learns of it."""
    drill(
        f"{component}-paused",
        component,
        lambda: change.pause(component),
        recovery=lambda: change.resume(component),
        canary=component,
    )


@pytest.mark.generic
@pytest.mark.parametrize(
    "component",
    [
        pytest.param("ollama", marks=[OLLAMA, pytest.mark.procedure(fault="llm:wont-stop")]),
        pytest.param("api", marks=[API, pytest.mark.procedure(fault="api:slow-start=25")]),
        pytest.param("qdrant", marks=[QDRANT, pytest.mark.procedure(fault="vectors:not-ready")]),
        pytest.param("redis", marks=[REDIS, pytest.mark.procedure(fault="redis:slow-start=25")]),
    ],
)
def test_what_is_restarted_comes_back(component: str, drill: Drill, change: Change) -> None:
    """Another instance does its work; it may be so quick that no request fails."""
    before = change.status(component).instance

    def another() -> str:
        now = change.status(component).instance
        return f"{component} is {now}, and was {before}" if now != before else ""

    drill(f"{component}-restarted", component, lambda: change.restart(component), observe=another, canary=component)


@pytest.mark.generic
@pytest.mark.parametrize(
    "component",
    [
        pytest.param("ollama", marks=[OLLAMA, API, pytest.mark.procedure(fault="api:blind")]),
        pytest.param("qdrant", marks=[QDRANT, API, pytest.mark.procedure(fault="api:blind")]),
        pytest.param("redis", marks=[REDIS, API, pytest.mark.procedure(fault="api:blind")]),
    ],
)
def test_a_slow_dependency_is_noticed(component: str, drill: Drill, change: Change) -> None:
    """What the API asks answers ten seconds late: the API says so, or is late too, until all passes as before."""
    proxy = change.proxy_between("api", component)
    drill(
        f"{component}-slow",
        "api",
        lambda: change.set(proxy, value="delay 10"),
        recovery=lambda: change.set(proxy, value="pass"),
    )


@pytest.mark.generic
@pytest.mark.parametrize("mode", ["reset 0", "refuse", "blackhole"])
@pytest.mark.procedure(fault="proxy:stuck")
@pytest.mark.needs("api", "ollama")
def test_a_failing_model_server_is_noticed(mode: str, drill: Drill, change: Change) -> None:
    """Its connections are reset, refused, or never answered: the API says so, until all passes as before."""
    proxy = change.proxy_between("api", "ollama")
    drill(
        f"ollama-{mode.partition(' ')[0]}",
        "api",
        lambda: change.set(proxy, value=mode),
        recovery=lambda: change.set(proxy, value="pass"),
    )


@pytest.mark.procedure("voyageur.dr.scenario-a-container-failure", fault="llm:wont-start")
@pytest.mark.procedure("voyageur.dr.scenario-a-container-failure", fault="llm_status:no-detailed")
def test_container_of_the_model_server_fails(drill: Drill, change: Change, ollama: Ollama, api: Api) -> None:
    """Stopped, left so for half a minute, started: it tells its version, and the service can use its models again.

    The dashboard of the runbook is not asked: its process is new each time, saw no request, and never says healthy.
    """
    drill(
        "container-failure",
        ollama.component,
        lambda: change.stop(ollama.component),
        recovery=lambda: change.start(ollama.component),
        left_s=30,
    )
    ollama.version()
    models = api.dependencies()
    assert models.healthy, models.reason


@pytest.mark.procedure("agent-aiops.dr.failover", fault="standby:down")
def test_a_standby_answers_while_the_model_server_is_away(
    drill: Drill,
    change: Change,
    ollama: Ollama,
    ui: Ui,
    services: Services,
    prompts: Workload,
) -> None:
    """The model server is stopped, and stays so: questions on the page are answered all the same, by the standby."""
    services.unproven("standby")

    def away() -> str:
        state = change.status(ollama.component).state
        return f"{ollama.component} is {state}" if state == "stopped" else ""

    drill(
        "model-server-failover",
        ui.component,
        lambda: change.stop(ollama.component),
        beside=[],
        probe=lambda: ui.ask(prompts[0]),
        observe=away,
    )


def _ready_api(app_command: AppCommands) -> int:
    return int(app_command.json("api_replicas_ready")["status"].get("readyReplicas", 0))


def _ready_ollama(app_command: AppCommands) -> int:
    return sum(one["ready"] for one in app_command.json("ollama_instances"))


@pytest.mark.parametrize(
    ("component", "setting", "ready"),
    [
        pytest.param(
            "api",
            "api_replicas",
            _ready_api,
            marks=[
                pytest.mark.procedure("aegis-rag.monthly.failover", fault="api_replicas_ready:short"),
                pytest.mark.procedure("aegis-rag.monthly.failover", fault="api_replicas:once"),
                API,
            ],
            id="api",
        ),
        pytest.param(
            "ollama",
            "ollama_replicas",
            _ready_ollama,
            marks=[pytest.mark.procedure("aegis-rag.monthly.failover", fault="ollama_replicas:once"), OLLAMA],
            id="ollama",
        ),
    ],
)
def test_the_others_serve_while_an_instance_is_away(
    component: str,
    setting: str,
    ready: Callable[[AppCommands], int],
    drill: Drill,
    change: Change,
    app_command: AppCommands,
    record: Record,
) -> None:
    """One instance less of a replicated service, and one more again: few requests fail meanwhile, if any."""
    count = ready(app_command)
    if count < 2:
        raise Vacuous(f"{component}: {count} instance of it is ready, so no other could serve while that is away.")

    def fewer() -> str:
        now = ready(app_command)
        return f"{now} of {count} instances are ready" if now < count else ""

    drilled = drill(
        f"{component}-instance-lost",
        component,
        lambda: change.set(setting, value=str(count - 1)),
        observe=fewer,
        recovery=lambda: change.set(setting, value=str(count)),
    )
    record(f"drill_failed[{drilled.name}]", drilled.failed_pct(component), "%")
    back = ready(app_command)
    assert back == count, f"{component}: {back} instances are ready once {count} are asked for again"


@pytest.mark.needs("api")
@pytest.mark.procedure("document-enhancer.api-errors.switch-provider", fault="provider_in_use:stale")
@pytest.mark.procedure("document-enhancer.api-errors.switch-provider", fault="api:wont-start")
def test_another_provider_takes_over_and_back(
    drill: Drill, change: Change, operation: Callable[[str], Operated], app_command: AppCommands
) -> None:
    """What the service runs with is seen to be another provider, then the one from before; it serves with both."""
    before = change.status("provider").kept["value"]

    def in_use() -> str:
        return app_command.text("provider_in_use").strip()

    def another() -> str:
        now = in_use()
        return f"{now} is in use in place of {before}" if now != before else ""

    def back() -> None:
        change.set("provider", value=before)
        change.restart("api")

    drill("provider-failover", "api", lambda: operation("switch-provider"), observe=another, recovery=back)
    assert in_use() == before, f"settings: {in_use()} is in use once {before} was set again"
