import subprocess
import sys

import pytest

from pytest_llmops.clients.client import CLIENTS, connect, lint_calls, preflight_calls
from pytest_llmops.errors import ConfigError
from pytest_llmops.target.components import GROUPS, Components


def test_every_component_has_a_client():
    assert sorted([*CLIENTS, *GROUPS]) == sorted(Components.model_fields)


def addressed(name):
    return Components.model_fields[name].annotation.__args__[0].addressed


ADDRESSED = sorted(filter(addressed, CLIENTS))
BESIDE = {"containers": {"app_command": {"commands": {"containers": {"argv": ["docker", "ps"]}}}}}
"""What a component cannot be without."""


@pytest.mark.parametrize("component", ADDRESSED)
def test_a_client_knows_its_component_and_address(client, component):
    scheme = "redis" if component == "redis" else "http"
    made = client(component, url=f"{scheme}://eve:hunter22@host.example:1234")
    assert type(made).__name__ == CLIENTS[component][1]
    assert (made.component, made.address) == (component, f"{scheme}://host.example:1234")
    assert made.levels(1.0, {})[0][0] == "reachable"
    assert "hunter22" not in repr(made)


@pytest.mark.parametrize("component", sorted(set(CLIENTS) - set(ADDRESSED)))
def test_a_client_of_what_has_no_address_knows_where_it_is(client, component):
    made = client(component, beside=BESIDE.get(component, {}))
    assert type(made).__name__ == CLIENTS[component][1]
    assert made.component == component
    assert made.address
    assert made.levels(1.0, {})[0][0] == "reachable"


KEYED = {"auth": {"bearer": "KEY"}}
ASKED = {"routes": {"query": {"path": "/query", "answer": "answer"}}}


@pytest.mark.parametrize(
    ("component", "settings"),
    [*((name, {}) for name in sorted(CLIENTS)), ("api", KEYED), ("api", ASKED), ("api", {**KEYED, **ASKED})],
)
def test_a_preflight_is_counted(target, ledger, component, settings):
    scheme = "redis" if component == "redis" else "http"
    address = {"url": f"{scheme}://host.example:1234"} if addressed(component) else {}
    declared = target(**BESIDE.get(component, {}), **{component: {**address, **settings}})
    made = connect(declared, component, ledger)
    in_memory = component == "ollama"  # is asked of it before its first token
    assert preflight_calls(declared)[component] == len(made.levels(1.0, {})) + in_memory
    made.close()


def test_a_component_that_the_target_does_not_have(target, ledger):
    with pytest.raises(ConfigError) as caught:
        connect(target(redis={"url": "redis://cache.example"}), "grafana", ledger)
    assert str(caught.value) == "llmops.toml: [targets.staging] has no component 'grafana'; it has: redis."


def test_only_the_client_that_is_needed_is_imported():
    script = (
        "import sys; import pytest_llmops.clients.client; print([m for m in sys.modules if m in ('httpx', 'redis')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_what_the_lint_asks_is_counted(target):
    watched = {
        "prometheus": {"url": "http://p.example", "rows": [{"row": "Up", "series": "up"}, {"row": "Gone"}]},
        "grafana": {"url": "http://g.example", "dashboards": [{"uid": "health", "title": "Health"}]},
        "api": {"url": "http://a.example", "metrics": "/metrics"},
    }
    assert lint_calls(target(**watched)) == {
        "api.metrics": 2,
        "api.health": 1,
        "prometheus.labels": 1,
        "prometheus.rules": 1,
        "prometheus.targets": 1,
        "prometheus.series": 1,
        "grafana.dashboard": 1,
    }
    assert lint_calls(target(redis={"url": "redis://r.example"})) == {}
