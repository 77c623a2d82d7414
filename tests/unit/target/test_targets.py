import pytest

from pytest_llmops.errors import ConfigError, Unsupported
from pytest_llmops.samples import Prompt
from pytest_llmops.target import profiles
from pytest_llmops.target.durations import seconds
from pytest_llmops.target.load import load


def test_tables_are_merged_and_everything_else_is_replaced():
    under = {"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"z": 1}}
    over = {"a": {"y": [3]}, "b": {"now": "a table"}, "c": "now a word", "d": 2}
    assert profiles.merged(under, over) == {
        "a": {"x": 1, "y": [3]},
        "b": {"now": "a table"},
        "c": "now a word",
        "d": 2,
    }
    assert under == {"a": {"x": 1, "y": [1, 2]}, "b": 1, "c": {"z": 1}}


def test_a_table_of_another_driver_takes_the_others_place():
    under = {"control": {"driver": "docker", "container": "api", "deadline": "2 min"}}
    assert profiles.merged(under, {"control": {"deadline": "9 s"}}) == {
        "control": {**under["control"], "deadline": "9 s"}
    }
    assert profiles.merged(under, {"control": {"driver": "docker", "container": "a"}})["control"]["deadline"] == "2 min"
    other = {"control": {"driver": "kubernetes", "workload": "deployment/api"}}
    assert profiles.merged(under, other) == other


def test_parts_of_a_profile_add_up():
    one = {"a": {"x": 1, "y": [1]}, "zone": "UTC"}
    other = {"a": {"y": [2], "z": 3}, "zone": "UTC", "b": 4}
    assert profiles._joined(one, other, "b.toml") == {"a": {"x": 1, "y": [1, 2], "z": 3}, "zone": "UTC", "b": 4}
    with pytest.raises(ConfigError, match=r"b\.toml: x is 2, and another part of the profile says 1; keep one\."):
        profiles._joined(one, {"a": {"x": 2}}, "b.toml")


def test_what_a_release_brings_with_it_stands_beside_what_a_setting_does():
    effects = profiles.read("document-enhancer")["sandbox"]["effects"]
    assert {one["setting"] for one in effects} == {"version", "rate_limit", "maintenance", "python_settings"}


def test_an_answer_may_take_longer_than_what_is_critical():
    enhancer = profiles.read("document-enhancer")
    critical = enhancer["thresholds"]["response_latency"]["critical"].removeprefix("> ")
    assert seconds(enhancer["components"]["api"]["deadline"]) > seconds(critical)


def test_a_profile_lies_over_the_one_that_it_extends():
    rag, sandbox = profiles.read("rag"), profiles.read("sandbox")
    assert "extends" not in sandbox
    routes, below = sandbox["components"]["api"]["routes"], rag["components"]["api"]["routes"]
    assert {name: {key: route[key] for key in below[name]} for name, route in routes.items()} == below
    assert routes["delete"]["roles"] == ["operator"]
    assert {key for name, route in routes.items() for key in route.keys() - below[name].keys()} == {"roles", "signed"}
    auth = {"header": "api-key", "env": "LLMOPS_SANDBOX_QDRANT_KEY"}
    assert sandbox["components"]["qdrant"] == {
        "auth": auth,
        "collection": "documents",
        "owner": "user",
        "deadline": "5 s",
    }
    assert (rag["preflight_deadline"], sandbox["preflight_deadline"]) == ("180 s", "10 s")
    assert [prompt["id"] for prompt in rag["prompts"]][:2] == ["capital", "boiling-point"]


def test_a_sandbox_is_asked_what_it_knows(tmp_path, read):
    first = [load(None, name, tmp_path).workload[0].id for name in ("sandbox", "sandbox:rag", "sandbox:voyageur")]
    assert first == ["refund-window"] * 3
    own = "[[targets.here.prompts]]\nid = 'mine'\ntext = 'What?'"
    assert read(f"[targets.here]\nenvironment = 'sandbox'\n{own}").workload[0].id == "mine"
    assert read("[targets.here]\nenvironment = 'sandbox'").workload[0].id == "refund-window"
    assert read("[targets.staging]\nprofile = 'rag'\ncomponents.redis.url = 'redis://a'").workload[0].id == "capital"


def test_a_sandbox_is_held_to_limits_that_its_pace_can_break(tmp_path, read):
    own = "[targets.here]\nenvironment = 'sandbox'\n[targets.here.thresholds.answer_time]\ntarget = '<= 7 s'"
    assert read(own).table.thresholds["answer_time"].target.text == "<= 7 s"
    assert load(None, "sandbox:aegis-rag", tmp_path).table.thresholds["answer_time"].target.text == "<= 2 s"
    real = read("[targets.staging]\nprofile = 'aegis-rag'\ncomponents.api.url = 'http://a'")
    assert real.table.thresholds["answer_time"].target.text == "<= 10 s"


def test_what_is_left_out_has_to_be_there():
    with pytest.raises(KeyError):
        profiles._less({"a": {"b": 1}}, "a", "c")
    assert profiles._less({"a": {"b": 1, "c": 2}, "d": 3}, "a", "b") == {"a": {"c": 2}, "d": 3}


def test_a_profile_may_leave_out_what_the_one_below_has(tmp_path):
    health = load(None, "sandbox:aegis-rag-compose", tmp_path).table.components.api.health
    below = load(None, "sandbox:aegis-rag", tmp_path).table.components.api.health
    assert (health.accept, dict(health.dependencies), health.timestamp) == ({"status": ["ok"]}, {}, None)
    assert (list(below.dependencies), below.timestamp) == (["qdrant", "ollama", "jina"], "timestamp")


def test_each_part_of_a_profile_may_leave_out_something(tmp_path):
    table = load(None, "sandbox:aegis-rag-compose", tmp_path).table
    assert (table.components.logs.sources["app"].command, table.components.logs.sources["app"].files) == (
        "api_logs",
        [],
    )
    assert "app_log" not in table.sandbox.files
    assert table.components.api.health.timestamp is None


def test_the_file_lies_over_the_profile(read):
    target = read("""
        [targets.staging]
        profile = "rag"
        [targets.staging.components.api]
        url = "https://rag.staging.example"
        [targets.staging.components.api.routes.query]
        path = "/chat"
        [targets.staging.thresholds.api_error_rate]
        target = "< 2 %"
    """)
    api = target.component("api")
    assert (api.url, api.metrics) == ("https://rag.staging.example", "/metrics")
    assert (api.routes["query"].path, api.routes["query"].method) == ("/chat", "POST")
    limits = target.table.thresholds["api_error_rate"]
    assert (limits.target.text, limits.critical.text) == ("< 2 %", "> 5 %")


A, B = (f"[targets.{name}.components.redis]\nurl = 'redis://{name}.example'\n" for name in "ab")


@pytest.mark.parametrize(
    ("text", "asked", "chosen"),
    [
        ("", None, "sandbox"),
        (A, None, "a"),
        (f"default_target = 'b'\n{A}{B}", None, "b"),
        (f"default_target = 'b'\n{A}{B}", "a", "a"),
        (A + B, "sandbox:rag", "sandbox:rag"),
        (A + B, "sandbox", "sandbox"),
    ],
)
def test_which_target_is_meant(read, text, asked, chosen):
    assert read(text, asked).name == chosen


@pytest.mark.parametrize(
    ("name", "components"),
    [
        ("sandbox", ["api", "ollama", "openai", "qdrant", "redis", "files", "machine", "app_command", "containers"]),
        ("sandbox:rag", ["api", "ollama", "qdrant", "redis"]),
        ("sandbox:ollama", ["ollama"]),
        ("sandbox:openai-compatible", ["openai"]),
    ],
)
def test_without_a_file_there_is_a_sandbox_for_each_profile(tmp_path, name, components):
    target = load(None, name, tmp_path)
    assert list(target.table.components.configured()) == components
    assert target.table.embedded
    assert target.table.may_be_disrupted
    assert (target.file, target.root, target.notes) == (None, tmp_path, ())
    assert len(target.workload) == 10


SYSTEMS = ("aegis-rag", "aegis-rag-compose", "agent-aiops", "document-enhancer", "enterprise-pipeline")


def test_every_profile_has_its_sandbox():
    assert profiles.names() == (*SYSTEMS, "ollama", "openai-compatible", "rag", "sandbox", "voyageur")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("sandbox:rga", " Did you mean 'sandbox:rag' or 'sandbox' or 'sandbox:ollama'?"),
        ("sandbox:", " Did you mean 'sandbox' or 'sandbox:rag' or 'sandbox:ollama'?"),
        ("qqqq", ""),
    ],
)
def test_a_sandbox_that_is_not_there(tmp_path, name, near):
    with pytest.raises(ConfigError) as caught:
        load(None, name, tmp_path)
    assert str(caught.value) == (
        f"unknown target {name!r}.{near} Targets: sandbox, {', '.join(f'sandbox:{system}' for system in SYSTEMS)}, "
        "sandbox:ollama, sandbox:openai-compatible, sandbox:rag, sandbox:voyageur."
    )


def test_a_sandbox_with_an_address_is_not_embedded(read):
    assert read("[targets.here]\nenvironment = 'sandbox'").table.embedded
    apart = read("[targets.here]\nenvironment = 'sandbox'\n[targets.here.components.redis]\nurl = 'redis://127.0.0.1'")
    assert not apart.table.embedded
    assert not apart.table.may_be_disrupted
    assert not read(A).table.embedded


def test_a_target_of_its_own_is_disrupted_only_where_the_file_allows_it(read):
    assert read(f"{A}[targets.a.disruption]\nallowed = true").table.may_be_disrupted
    assert not read(A).table.may_be_disrupted


def test_what_this_version_does_not_read_is_noted(read):
    target = read(f"{A}[targets.a.audit]\nx = 'y'\n")
    assert target.notes[0] == "llmops.toml: [targets.a.audit] is read by no part of this version"


def test_components_of_the_profile_that_have_no_address_are_left_out_and_noted(read):
    target = read(f"[targets.a]\nprofile = 'rag'\n{A}")
    assert list(target.table.components.configured()) == ["redis"]
    assert target.notes == ("llmops.toml: [targets.a] has no url for api, ollama, qdrant: left out",)


def test_a_rate_is_read_as_calls_within_seconds(read):
    def limit(text):
        return read(f"{A}rate_limit = '{text}'").component("redis").rate_limit

    assert (limit("100/h").calls, limit("100/h").per_s) == (100, 3600.0)
    assert (limit("30 / s").calls, limit("30 / s").per_s) == (30, 1.0)
    assert (limit("5/10 s").calls, limit("5/10 s").per_s) == (5, 10.0)


def test_a_component_that_is_not_there(read):
    with pytest.raises(ConfigError) as caught:
        read(A).component("ollama")
    assert str(caught.value) == "llmops.toml: [targets.a] has no component 'ollama'; it has: redis."


def test_what_was_reported(read):
    reported = "[[targets.a.incident.reported]]\nid = 'x'\ntext = 'Why?'\nexpect = 'because'"
    assert read(f"[targets.a]\n{A}\n{reported}").reported[0] == Prompt("x", "Why?", "because")
    with pytest.raises(Unsupported) as caught:
        _ = read(f"[targets.a]\n{A}").reported
    assert str(caught.value) == (
        "target a names no query that was reported, so there is nothing to ask again; add "
        "[[targets.a.incident.reported]] with id, text and expect."
    )


def test_when_it_was_reported(read):
    reported = "[[targets.a.incident.reported]]\nid = 'x'\ntext = 'Why?'\n"
    known = read(f"[targets.a]\n{A}\n{reported}at = 2027-01-15T09:00:00+01:00\n{reported}")
    assert known.reported_at == (1_800_000_000.0,)
    with pytest.raises(ConfigError) as caught:
        read(f"[targets.a]\n{A}\n{reported}at = 2027-01-15T09:00:00\n")
    assert str(caught.value).endswith(
        "2027-01-15T09:00:00 has no zone; write for example 2027-01-15T09:00:00Z or 2027-01-15T09:00:00+01:00."
    )


def test_a_target_without_prompts(read):
    with pytest.raises(ConfigError) as caught:
        _ = read(f"[targets.a]\nprompts = []\n{A}").workload
    assert str(caught.value) == "llmops.toml: [targets.a] has no prompts; add [[targets.a.prompts]] with id and text."


@pytest.mark.parametrize(
    ("profile", "role", "serving"),
    [
        ("rag", "llm", "ollama"),
        ("openai-compatible", "llm", "openai"),
        ("rag", "vectors", "qdrant"),
        ("ollama", "vectors", None),
        ("rag", "no such role", None),
    ],
)
def test_which_component_serves_a_fixture(tmp_path, profile, role, serving):
    assert load(None, f"sandbox:{profile}", tmp_path).table.components.serving(role) == serving


def test_what_has_no_part_in_the_sandbox(read):
    target = read(
        "[targets.demo]\nprofile = 'rag'\nenvironment = 'sandbox'\n"
        "[targets.demo.components.prometheus]\n[targets.demo.components.langfuse]\nrequired = false\n"
    )
    assert target.table.embedded
    assert list(target.table.components.configured()) == ["api", "ollama", "qdrant", "redis", "prometheus"]
    assert target.notes == (
        ("llmops.toml: [targets.demo] is embedded, and the sandbox has no part for langfuse: left out"),
    )


def test_a_target_that_is_only_watched(read):
    target = read("[targets.a.components.prometheus]\nurl = 'http://prometheus.example:9090'")
    assert list(target.table.components.configured()) == ["prometheus"]
    assert target.table.components.serving("prometheus") == "prometheus"


def test_who_accepts_any_certificate_is_said_loudly(read):
    target = read(
        "[targets.a.components.api]\nurl = 'https://rag.example'\ntls = { verify = false }\n"
        "[targets.a.components.openai]\nurl = 'https://models.example'\ntls = { ca = 'ca.pem' }\n"
        "[targets.a.components.redis]\nurl = 'rediss://redis.example'\ntls = { verify = false }\n"
    )
    assert (
        target.notes
        == target.warnings
        == tuple(
            f"llmops.toml: [targets.a.components.{name}] accepts ANY certificate (tls.verify = false): "
            "whoever sits between can read the key and change the answers"
            for name in ("api", "redis")
        )
    )


def test_tls_of_an_address_without_it_is_noted(read):
    text = "[targets.a.components.{}]\nurl = '{}'\ntls = {{ verify = false }}\n"
    target = read(text.format("api", "http://rag.example") + text.format("redis", "redis://redis.example"))
    assert target.warnings == ()
    assert target.notes == (
        "llmops.toml: [targets.a.components.api] tls says nothing: the url begins with http://",
        "llmops.toml: [targets.a.components.redis] tls says nothing: the url begins with redis://",
    )
    behind = "[targets.a.components.api]\nurl = 'http://x'\ntls = { ca = 'ca.pem' }\nproxy = 'https://proxy.example'"
    assert read(behind).notes == ()


def test_a_service_that_an_embedded_target_describes_stays_and_another_is_left_out(read):
    target = read("""
        [targets.demo]
        environment = "sandbox"
        components.redis = {}
        components.ui = {}
        components.services.search = {}
        components.services.other = {}
        sandbox.services.search.routes = {}
        sandbox.services.ui.routes = {}
    """)
    assert {"redis", "ui", "search"} <= target.table.components.configured().keys()
    assert target.notes == ("llmops.toml: [targets.demo] is embedded, and the sandbox has no part for other: left out",)
