"""One message, that a person reads on a telephone."""

from pytest_llmops.report.links import job_link
from pytest_llmops.report.news import Change, Now
from pytest_llmops.report.news_text import LINE, LINES, body, title
from pytest_llmops.state.news import Red

RED = Red("normal", "failed", "old", 0.0, 0.0, 0.0)
NEW = [
    Change("broken", Now("daily/a.py::a", "critical", "failed", "p95 is 12 s, critical > 10 s"), None),
    Change("broken", Now("daily/b.py::b", "minor", "regression", "query is 1.4 times slower"), None),
    Change("worse", Now("daily/c.py::c", "critical", "failed", "no answer"), RED),
    Change("recovered", Now("daily/d.py::d"), RED),
]


def test_the_title_counts():
    assert title("staging", NEW) == "staging: 2 newly broken (critical), 1 worse (critical), 1 recovered"


def test_the_body_holds_what_changed_and_where_to_read_on():
    assert body(NEW, 3, 7200.0, {"report": "https://reports/1", "job": "https://ci/2"}) == (
        "Newly broken:\n"
        "- daily/a.py::a (critical, failed): p95 is 12 s, critical > 10 s\n"
        "- daily/b.py::b (minor, regression): query is 1.4 times slower\n"
        "\n"
        "Worse:\n"
        "- daily/c.py::c (critical, failed, was normal, failed): no answer\n"
        "\n"
        "Recovered:\n"
        "- daily/d.py::d (was normal, failed for 2 h)\n"
        "\n"
        "3 checks broken as before\n"
        "report: https://reports/1\n"
        "job: https://ci/2"
    )


def test_what_has_one_cause_is_one_line():
    lost = [Change("broken", Now(f"t{n}", "critical", "unreachable", "ollama: refused"), None) for n in range(30)]
    assert body(lost, 0, 0.0, {}) == (
        "Newly broken:\n- 30 checks (critical, unreachable): ollama: refused - t0, t1, t2 and 27 more"
    )


def test_what_has_recovered_of_one_run_is_named_one_by_one():
    well = [Change("recovered", Now(f"t{n}"), RED) for n in range(2)]
    assert body(well, 0, 60.0, {}).splitlines()[1:] == [
        "- t0 (was normal, failed for 60 s)",
        "- t1 (was normal, failed for 60 s)",
    ]


def test_it_stays_short():
    many = [Change("broken", Now(f"t{n}", "minor", "failed", f"{n} {'x' * 1000}"), None) for n in range(40)]
    lines = body(many, 0, 0.0, {}).splitlines()
    assert (len(lines), lines[-1]) == (LINES + 2, "… and 25 more")
    assert max(map(len, lines)) == LINE


def test_the_job_is_known_by_the_variables_of_its_ci():
    github = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7"}
    assert job_link(github) == "https://github.com/a/b/actions/runs/7"
    assert job_link({"CI_JOB_URL": "https://gitlab/j/1"}) == "https://gitlab/j/1"
    assert job_link({"GITHUB_SERVER_URL": "https://github.com"}) == ""
