"""From findings to a severity: pure, so each condition is tried without anybody being asked."""

import pytest

from pytest_llmops.errors import Unsupported
from pytest_llmops.operate.findings import Finding
from pytest_llmops.operate.severity import Judged, Met, assess
from pytest_llmops.target.load import load
from pytest_llmops.target.severities import Severity


def severity(name, **when):
    return Severity(name=name, response=60, when=[{"says": f"{name} says", **when}])


def component(name, state="ok", required=True):
    return Finding("component", name, state, f"{name}: {state}", required=required)


def figure(name, value, level="", unit="%", state=None):
    return Finding(
        "figure",
        name,
        state or ("failed" if level else "ok"),
        f"{name} {value}",
        "api",
        level=level,
        value=value,
        unit=unit,
    )


def holds(when, findings):
    return bool(assess([severity("P0", **when)], findings).severities[0].met)


@pytest.mark.parametrize(
    ("when", "down", "expected"),
    [
        ({"all_down": ["api", "ollama"]}, ["api", "ollama"], True),
        ({"all_down": ["api", "ollama"]}, ["api"], False),
        ({"any_down": ["api", "ollama"]}, ["api"], True),
        ({"any_down": ["api", "ollama"]}, ["redis"], False),
        ({"all_down": ["*"]}, ["api", "ollama", "redis"], True),
        ({"all_down": ["*"]}, ["api", "ollama"], False),
        ({"any_down": ["*"]}, ["extra"], False),  # not required
        ({"any_down": ["extra"]}, ["extra"], True),
    ],
)
def test_components_that_are_down(when, down, expected):
    findings = [component(name, "failed" if name in down else "ok") for name in ("api", "ollama", "redis")]
    findings.append(component("extra", "failed" if "extra" in down else "ok", required=False))
    assert holds(when, findings) is expected


@pytest.mark.parametrize(
    ("level", "asked", "expected"),
    [
        ("critical", "critical", True),
        ("warning", "critical", False),
        ("critical", "warning", True),
        ("target", "warning", False),
        ("target", "target", True),
        ("", "target", False),
    ],
)
def test_a_figure_that_breaches_its_threshold_counts_from_a_level_on(level, asked, expected):
    assert holds({"figure": "error_rate", "level": asked}, [figure("error_rate", 30.0, level)]) is expected


@pytest.mark.parametrize(("value", "expected"), [(25.0, False), (25.1, True)])
def test_a_severity_has_limits_of_its_own(value, expected):
    assert holds({"figure": "error_rate", "breach": "> 25 %"}, [figure("error_rate", value)]) is expected


@pytest.mark.parametrize(
    ("when", "finding"),
    [
        ({"unhealthy": ["api"]}, Finding("health", "api", "failed", "degraded", "api")),
        ({"dependencies": ["api.vectors"]}, Finding("dependency", "api.vectors", "failed", "down", "api")),
        ({"models_missing": ["ollama"]}, Finding("models", "ollama", "failed", "tiny missing", "ollama")),
        ({"alerts": "critical|page"}, Finding("alert", "Down", "failed", "firing", "prometheus", level="Page")),
        ({"flag": "data-loss"}, Finding("flag", "data-loss", "failed", "raised")),
    ],
)
def test_one_finding_makes_the_condition_hold_and_is_its_evidence(when, finding):
    judged = assess([severity("P0", **when)], [finding]).severities[0]
    assert judged.met == (Met("P0 says", (finding.title,)),)
    assert judged.said == f"P0: P0 says ({finding.title})"


def test_what_is_well_makes_none_hold():
    findings = [component("api"), Finding("alert", "prometheus", "ok", "no alert is firing", "prometheus")]
    severities = [severity("P0", any_down=["api"]), severity("P1", alerts="critical"), severity("P2", flag="data-loss")]
    found = assess(severities, findings)
    assert (found.severity, found.evidence) == ("", ())
    assert [(one.said, one.looked, one.unknown) for one in found.severities] == [
        ("P0: no condition holds", 1, ()),
        ("P1: no condition holds", 1, ()),
        ("P2: no condition holds", 1, ()),
    ]


def test_the_worst_condition_that_holds_decides_and_the_evidence_is_all_that_failed():
    severities = [
        severity("P0", all_down=["api", "ollama"]),
        severity("P1", figure="error_rate", breach="> 25 %"),
        severity("P2", any_down=["ollama"]),
        severity("P3", otherwise=True),
    ]
    findings = [
        component("api"),
        component("ollama", "failed"),
        Finding("models", "ollama", "failed", "not listed", "ollama"),
        figure("error_rate", 40.0, "critical"),
        figure("latency", 40.0, "target", "s"),
    ]
    found = assess(severities, findings)
    assert found.severity == "P1"
    assert [one.title for one in found.evidence] == [
        "component ollama",
        "models ollama",
        "figure error_rate",
        "figure latency",
    ]
    assert [one.said for one in found.severities] == [
        "P0: no condition holds",
        "P1: P1 says (figure error_rate)",
        "P2: P2 says (component ollama)",
        # models ollama is explained by the server that is down
        "P3: P3 says (figure latency); P1 holds, too, and may be why",
    ]


NOT_WELL = Finding("health", "api", "failed", "api answered 500", "api")


@pytest.mark.parametrize(
    ("when", "findings", "why"),
    [
        ({"any_down": ["api"]}, [component("api", "unknown")], "api: unknown"),
        ({"figure": "error_rate"}, [figure("error_rate", None, state="unknown")], "error_rate None"),
        ({"figure": "health_age"}, [NOT_WELL], "api answered 500"),
        ({"dependencies": ["api.vectors"]}, [NOT_WELL], "api answered 500"),
        ({"alerts": ".*"}, [Finding("alert", "prometheus", "unknown", "prometheus is down", "prometheus")],
         "prometheus is down"),
    ],
)  # fmt: skip
def test_what_could_not_be_judged_is_said_not_counted_and_may_hold(when, findings, why):
    judged = assess([severity("P0", **when)], findings).severities[0]
    assert judged == Judged("P0", (), 0, unknown=(f"P0 says: {why}",))
    several = Severity(name="P0", response=60, when=[{"says": "P0 says", **when}, {"says": "other", "flag": "x"}])
    assert not assess([several], findings).severities[0].is_over


KNOWN = Finding("alert", "Down", "unknown", "Down says nothing", "prometheus", level="page", applies=False)


@pytest.mark.parametrize(
    ("when", "findings", "why"),
    [
        ({"any_down": ["milvus"]}, [component("api")], "the target has none of milvus"),
        ({"figure": "error_rate"}, [NOT_WELL], "the target has no figure error_rate"),
        ({"alerts": ".*"}, [], "the target has nothing of the kind"),
        ({"alerts": ".*"}, [KNOWN], "Down says nothing"),
        ({"models_missing": ["ollama"]}, [component("ollama")], "the target has nothing of the kind"),
        ({"unhealthy": ["web"]}, [NOT_WELL], "the target has nothing of the kind"),
        ({"dependencies": ["web.vectors"]}, [NOT_WELL], "the target has nothing of the kind"),
    ],
)
def test_what_the_target_does_not_have_is_said_not_counted_and_keeps_nothing_open(when, findings, why):
    judged = assess([severity("P0", **when)], findings).severities[0]
    assert judged == Judged("P0", (), 0, lacking=(f"P0 says: {why}",))
    assert not judged.is_over  # nothing at all was seen
    several = Severity(name="P0", response=60, when=[{"says": "P0 says", **when}, {"says": "other", "flag": "x"}])
    assert assess([several], findings).severities[0].is_over


@pytest.mark.parametrize(("value", "expected"), [(80.0, True), (50.0, False), (-10.0, False)])
def test_a_figure_above_its_usual_value(value, expected):
    findings = [figure("latency", 31.0, "critical", unit="s"), figure("latency.rise", value)]
    assert holds({"figure": "latency", "rise": 50}, findings) is expected


@pytest.mark.parametrize(
    ("findings", "unknown"),
    [
        ([figure("latency", None, state="unknown")], ("P0 says: latency None",)),
        ([figure("latency", 3.0), figure("latency.rise", None, state="unknown")], ("P0 says: latency.rise None",)),
    ],
)
def test_a_rise_that_nobody_knows_may_hold_unseen(findings, unknown):
    assert assess([severity("P0", figure="latency", rise=50)], findings).severities[0].unknown == unknown


def test_a_severity_whose_condition_holds_is_not_over():
    assert not assess([severity("P0", any_down=["api"])], [component("api", "failed")]).severities[0].is_over


def test_what_names_a_part_that_is_down_as_its_dependency_is_no_matter_of_its_own():
    findings = [
        component("api"),
        component("ollama", "failed"),
        Finding("dependency", "api.ollama", "failed", "api: dependency ollama is 'down'", "api"),
        Finding("dependency", "api.vectors", "failed", "api: dependency vectors is 'down'", "api"),
    ]
    severities = [severity("P1", any_down=["ollama"]), severity("P3", otherwise=True)]
    found = [one.said for one in assess(severities, findings).severities]
    assert found == [
        "P1: P1 says (component ollama)",
        "P3: P3 says (dependency api.vectors); P1 holds, too, and may be why",
    ]
    alone = [one for one in findings if one.kind != "component"]
    assert assess(severities, alone).severities[1].said == (
        "P3: P3 says (dependency api.ollama, dependency api.vectors)"
    )


def test_a_reason_does_not_begin_with_the_name_that_its_title_has():
    found = Finding("figure", "pool", "unknown", "pool: api: pool needs x,\n which is not there.", "api")
    assert found.reason == "api: pool needs x, which is not there."
    assert component("api", "failed").reason == "failed"


def test_a_system_with_fewer_severities_says_so():
    found = assess([severity("P0", flag="x")], [])
    assert found.rank(1).name == "P0"
    with pytest.raises(Unsupported) as told:
        found.rank(2)
    assert str(told.value) == "there is no severity of rank 2; the target's severities are: P0."


@pytest.mark.parametrize(
    ("figure", "value", "level", "said"),
    [
        ("job_errors", 1, "", "P3: Single job failure (figure job_errors is 1 errors)"),
        ("job_errors", 0, "", ""),
        ("memory_usage", 80, "warning", "P3: Warnings (figure memory_usage)"),
    ],
)
def test_a_single_job_that_failed_is_a_minor_issue(tmp_path, figure, value, level, said):
    severities = load(None, "sandbox:document-enhancer", tmp_path, {}).table.severities
    state = "failed" if level else "ok"
    found = assess(
        severities, [Finding("figure", figure, state, f"{figure} is {value} errors", "logs", value=value, level=level)]
    )
    assert found.severity == ("P3" if said else "")
    assert [one.said for one in found.severities if one.met] == ([said] if said else [])


@pytest.mark.parametrize(("share", "severity"), [(40.0, "P1"), (15.0, "P2"), (0.0, "")])
def test_errors_of_users_count_where_our_own_calls_are_answered(tmp_path, share, severity):
    severities = load(None, "sandbox:voyageur", tmp_path).table.severities
    ours = figure("api_error_rate", 0.0)
    assert assess(severities, [ours, figure("llm_error_rate[hour]", share)]).severity == severity
