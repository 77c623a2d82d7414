"""What each scheduler reads of one schedule; YAML against the published schemas."""

import datetime as dt
import json
import shlex
import shutil
import subprocess
from dataclasses import replace
from importlib.resources import files as package_files
from pathlib import Path

import jsonschema
import pytest
import yaml

from pytest_llmops import __version__
from pytest_llmops.errors import ConfigError
from pytest_llmops.report.schedules import FORMATS, Plan, Suite, files
from pytest_llmops.report.schedules.crontab import line
from pytest_llmops.report.schedules.systemd import calendar
from pytest_llmops.target.times import Times
from pytest_llmops.target.windows import timezone

DATE = shutil.which("date")
ODD = Path("/srv/a b/100%/llmops.toml")


def suite(name, at, zone="Europe/Berlin", *, late_s=None, disruptive=False):
    return Suite(name, Times.read(at, timezone(zone) if zone else None), zone, late_s, disruptive)


SUITES = (
    suite("monitor", "*/15 * * * *"),
    suite("daily", "0 9 * * *"),
    suite("weekly", "0 9 1,15 * 5"),
    suite("monthly", "first Mon,Wed 09:00", late_s=1800.0),
    suite("dr", "first Sun 02:30", disruptive=True),
)


@pytest.fixture
def plan(tmp_path):
    def plan(*suites, file=tmp_path / "llmops.toml", **more):
        known = {"variables": ("STAGING_KEY",), "extras": (), "env_file": None, "user": None, "image": None}
        now = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
        return Plan("staging", file, ".llmops", suites or SUITES, llmops=Path("/bin/llmops"), now=now, **known | more)

    return plan


def the_file(plan, kind):
    made = files(plan, kind)
    assert len(made) == 1
    return made.popitem()[1]


def published(name):
    vendored = package_files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{name}.json"
    return json.loads(vendored.read_text(encoding="utf-8"))


def read(workflow):
    """As GitHub reads it, for whom ``on`` is a word."""
    return {"on" if key is True else key: value for key, value in yaml.safe_load(workflow).items()}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_file_says_whose_it_is_and_holds_no_other_secret_than_a_name(plan, kind):
    for text in files(plan(image="registry.example/llmops:1"), kind).values():
        mark = "# Made by llmops schedule for target staging."
        assert any(one.startswith(mark) for one in text.splitlines()[:2])
        assert all(line == line.rstrip() for line in text.splitlines())


# crontab


def test_a_crontab_looks_at_the_minutes_of_each_suite(plan):
    lines = [one for one in the_file(plan(), "crontab").splitlines() if not one.startswith("#")]
    end = f"--config={plan().file} --target=staging --if-due --quiet"
    assert lines == [
        f"*/15 * * * * /bin/llmops run monitor {end}",
        f"0 * * * * /bin/llmops run daily {end}",
        f"0 * * * * /bin/llmops run weekly {end}",
        f"0 * * * * /bin/llmops run monthly {end}",
        f"30 * * * * /bin/llmops run dr {end} --llmops-allow-disruption=staging",
    ]


def test_minutes_are_those_of_this_machines_clock(plan):
    daily = suite("daily", "10 9 * * *", "Asia/Kolkata")  # five and a half hours ahead
    assert line(plan(daily), daily).startswith("40 * * * * ")
    often = suite("monitor", "*/20 * * * *", "Asia/Kolkata")
    assert line(plan(often), often).startswith("10,30,50 * * * * ")
    assert line(plan(suite("daily", "10 9 * * *", None)), suite("daily", "10 9 * * *", None)).startswith("10 * * * * ")


def test_a_line_quotes_for_the_shell_and_for_cron(plan):
    daily = suite("daily", "0 9 * * *")
    written = line(plan(daily, file=ODD, env_file=Path("/etc/it's.env"), user="ops"), daily)
    assert written == (
        "0 * * * * ops set -a; . '/etc/it'\"'\"'s.env'; set +a; /bin/llmops run daily "
        r"'--config=/srv/a b/100\%/llmops.toml' --target=staging --if-due --quiet"
    )
    with pytest.raises(ConfigError, match=r"^A line of a crontab cannot hold a path with a line break: "):
        line(plan(daily, file=Path("/srv/a\nb/llmops.toml")), daily)


def test_a_crontab_says_what_it_needs_where_no_file_sets_it(plan):
    assert "this needs STAGING_KEY: --env-file PATH." in the_file(plan(), "crontab")
    assert "STAGING_KEY" not in the_file(plan(env_file=Path("/etc/llmops.env")), "crontab")


# systemd


def test_a_timer_catches_up_what_may_be_late(plan):
    made = files(plan(user="ops", env_file=Path("/etc/x.env")), "systemd")
    assert len(made) == 2 * len(SUITES)
    assert "\nPersistent=true\n" in made["llmops-staging-daily.timer"]
    assert "\nPersistent=false\n" in made["llmops-staging-monthly.timer"]
    assert "\nPersistent=false\n" in made["llmops-staging-dr.timer"]
    assert "\nUser=ops\n" in made["llmops-staging-dr.service"]
    typed = [name for name, text in made.items() if "--target=staging --llmops-allow-disruption=staging\n" in text]
    assert typed == ["llmops-staging-dr.service"]
    assert "\nEnvironmentFile=/etc/x.env\n" in made["llmops-staging-dr.service"]


def test_a_service_that_waited_in_vain_tries_again_where_it_may_be_late(plan):
    again = "\nRestartForceExitStatus=75\nRestartSec=10min\n"
    tried = {name for name, text in files(plan(), "systemd").items() if again in text}
    assert tried == {f"llmops-staging-{name}.service" for name in ("monitor", "daily", "weekly")}


def test_a_service_quotes_for_systemd(plan):
    text = files(plan(file=ODD), "systemd")["llmops-staging-daily.service"]
    assert '\nExecStart=/bin/llmops run daily "--config=/srv/a b/100%%/llmops.toml" --target=staging\n' in text
    assert "\nWorkingDirectory=/srv/a b/100%%\n" in text


@pytest.mark.parametrize(
    ("at", "events"),
    [
        ("*/5 9-17 * * 1-5", ["Mon,Tue,Wed,Thu,Fri *-*-* 09..17:00/5:00 UTC"]),
        ("first Mon 09:00", ["Mon *-*-01..07 09:00:00 UTC"]),
        ("0 9 1,15 3 5", ["*-03-01,15 09:00:00 UTC", "Fri *-03-* 09:00:00 UTC"]),
        ("0 0 */2 * *", ["*-*-01/2 00:00:00 UTC"]),
    ],
)
def test_calendar_events(at, events):
    assert calendar(Times.read(at), "UTC") == events


# GitHub Actions


def test_a_workflow_is_valid_and_names_the_zone(plan):
    workflow = read(the_file(plan(), "github"))
    jsonschema.validate(workflow, published("github-workflows"))
    assert workflow["on"]["schedule"][3] == {"cron": "0 9 1-7 * *", "timezone": "Europe/Berlin"}
    assert workflow["jobs"]["dr"]["concurrency"] == {
        "group": "llmops-staging",
        "cancel-in-progress": False,
        "queue": "max",
    }
    ran = [
        step for step in workflow["jobs"]["dr"]["steps"] if "--llmops-allow-disruption=staging" in step.get("run", "")
    ]
    assert [step["env"] for step in ran] == [{"STAGING_KEY": "${{ secrets.STAGING_KEY }}"}]


def test_a_workflow_in_a_folder_of_the_repository_works_there(plan, tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "ops").mkdir()
    made = read(the_file(plan(file=tmp_path / "ops" / "staging.toml"), "github"))
    job = made["jobs"]["daily"]
    assert job["defaults"] == {"run": {"working-directory": "ops"}}
    assert job["steps"][-1]["with"]["path"] == "ops/reports/"
    assert "--llmops-config=staging.toml" in job["steps"][-3]["run"]
    gitlab = yaml.safe_load(the_file(plan(file=tmp_path / "ops" / "staging.toml"), "gitlab"))
    assert gitlab["llmops-staging-daily"]["script"][0] == "cd ops"


def test_what_github_cannot_do_is_refused(plan):
    with pytest.raises(ConfigError) as caught:
        files(plan(suite("monitor", "0,3 * * * *")), "github")
    assert str(caught.value) == (
        "[targets.staging.schedule] monitor is planned at minutes 0,3, and GitHub starts a workflow every 5 minutes at "
        "most: write for example '*/5 * * * *'."
    )
    with pytest.raises(ConfigError) as caught:
        files(plan(suite("daily", "0 9 * * *"), suite("load", "0 9 * * *", "UTC")), "github")
    assert str(caught.value) == (
        "[targets.staging.schedule] daily and load are planned by the same cron '0 9 * * *' in different zones, and "
        "GitHub tells a run nothing but that: move one by a minute."
    )


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_what_is_installed_has_the_extras(plan, kind):
    assert f"python -m pip install 'pytest-llmops=={__version__}'\n" in the_file(plan(), kind)
    with_them = the_file(plan(extras=("notify", "security")), kind)
    assert f"python -m pip install 'pytest-llmops[notify,security]=={__version__}'\n" in with_them


def test_a_workflow_keeps_what_runs_remember(plan):
    steps = read(the_file(plan(), "github"))["jobs"]["monthly"]["steps"]
    uses = {step["uses"]: step for step in steps if "cache" in step.get("uses", "")}
    key = "llmops-staging.monthly.${{ github.run_id }}.${{ github.run_attempt }}"
    assert uses["actions/cache/restore@v4"]["with"] == {
        "path": ".llmops/",
        "key": key,
        "restore-keys": "llmops-staging.",
    }
    assert uses["actions/cache/save@v4"]["with"] == {"path": ".llmops/", "key": key}
    assert uses["actions/cache/save@v4"]["if"].startswith("always() && ")
    assert "actions/cache" not in the_file(replace(plan(), state="/var/llmops"), "github")


def test_a_workflow_renders_a_red_run_and_minds_no_failure_of_that(plan):
    asked = replace(plan(), options=("--llmops-notify",), allure=True)
    workflow = read(the_file(asked, "github"))
    jsonschema.validate(workflow, published("github-workflows"))
    steps = workflow["jobs"]["daily"]["steps"]
    ran = [step.get("run", "").partition(" --")[0] for step in steps]
    place = ran.index("npm install")
    assert ran[place - 1 : place + 2] == ["python -m pytest -m daily", "npm install", "llmops report"]
    assert "--llmops-notify" in steps[place - 1]["run"]
    assert [(step["if"], step["continue-on-error"]) for step in steps[place : place + 2]] == [("always()", True)] * 2
    assert "env" not in steps[place]
    assert "npm" not in the_file(plan(), "github")


# Both


@pytest.mark.parametrize(("kind", "name"), [("github", "GitHub"), ("gitlab", "GitLab")])
@pytest.mark.parametrize(("at", "time"), [("0 1,23 * * 1#1", "01:00"), ("5,50 23 * * 1#1", "23:05")])
def test_several_times_on_a_first_monday_are_refused(plan, kind, name, at, time):
    with pytest.raises(ConfigError) as caught:
        files(plan(suite("monthly", at)), kind)
    assert str(caught.value) == (
        "[targets.staging.schedule] monthly is planned more than once on the first Mon of the month, and a run that "
        f"{name} begins late does not know for which time, so for which day: plan one, such as 'first Mon {time}'."
    )


@pytest.fixture
def noted(plan, tmp_path):
    """Of a file in a folder of the repository: what is cached, and which comments say what is not."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "ops").mkdir()

    def noted(kind, state, history=""):
        asked = replace(plan(file=tmp_path / "ops" / "llmops.toml"), state=state, history=history)
        text = the_file(asked, kind)
        assert not asked.kept or asked.kept in text
        return asked.kept, [one for one in text.splitlines() if one.startswith("#") and "not cached" in one]

    return noted


@pytest.mark.parametrize("kind", ["github", "gitlab"])
@pytest.mark.parametrize(
    ("state", "kept"),
    [(".llmops", "ops/.llmops/"), ("../.llmops", ".llmops/"), *((one, "") for one in (".", "..", "../../x", "/var/x"))],
)
def test_a_state_folder_that_a_ci_cannot_cache_is_said(noted, kind, state, kept):
    said = (
        f"# The state folder {state!r} is not cached, for it is none of its own within the repository: let [state] dir "
        "name one, such as '.llmops'."
    )
    assert noted(kind, state) == (kept, [] if kept else [said])


@pytest.mark.parametrize("kind", ["github", "gitlab"])
@pytest.mark.parametrize(
    ("state", "history", "cached"),
    [
        (".llmops", "data/runs.db", False),
        (".llmops", "../ops/.llmops/runs.db", True),
        ("../.llmops", "../.llmops/runs.db", True),
        ("../.llmops", ".llmops/runs.db", False),
        (".llmops", "/srv/ops/.llmops/runs.db", False),
    ],
)
def test_a_history_that_a_ci_does_not_cache_is_said(noted, kind, state, history, cached):
    said = (
        f"# The history {history!r} is not cached, so it begins anew in each job: let [history] url name a file in the "
        "state folder, or a PostgreSQL database."
    )
    assert noted(kind, state, history)[1] == ([] if cached else [said])


# GitLab CI


def test_jobs_of_gitlab_are_valid_and_their_schedules_are_named(plan):
    text = the_file(plan(), "gitlab")
    jobs = yaml.safe_load(text)
    jsonschema.validate(jobs, published("gitlab-ci"))
    assert {job["extends"] for name, job in jobs.items() if not name.startswith(".")} == {".llmops-staging"}
    assert jobs[".llmops-staging"]["resource_group"] == "llmops-staging"
    made = [shlex.split(one[2:]) for one in text.splitlines() if one.startswith("# glab ")]
    crons = [words[words.index("--cron") + 1 : words.index("--cron") + 4] for words in made]
    assert crons[3] == ["0 9 1-7 * *", "--cronTimeZone", "Europe/Berlin"]


def test_jobs_keep_what_runs_remember_and_render_where_the_image_can(plan, tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "ops").mkdir()
    asked = replace(plan(file=tmp_path / "ops" / "staging.toml"), allure=True)
    text = the_file(asked, "gitlab")
    common = yaml.safe_load(text)[".llmops-staging"]
    assert common["cache"] == {"key": "llmops-staging", "paths": ["ops/.llmops/"], "when": "always"}
    assert (
        "# Allure needs Node.js 20, which python:3.12 has not: no report, until --image names one with both.\n" in text
    )
    assert "after_script" not in common
    jobs = yaml.safe_load(the_file(replace(asked, image="registry.example/both:1"), "gitlab"))
    jsonschema.validate(jobs, published("gitlab-ci"))
    made = "test -d reports/allure-results || exit 0"
    rendered = ["cd ops", made, "npm install --global allure", "llmops report --config=staging.toml"]
    assert jobs[".llmops-staging"]["after_script"] == rendered


def test_the_weekday_of_a_month_is_guarded(plan):
    jobs = yaml.safe_load(the_file(plan(), "gitlab"))
    assert jobs["llmops-staging-monthly"]["script"][0] == (
        'case $(TZ=Europe/Berlin date -d "@$(($(date +%s) - 28800))" +%u) in 1|3) ;; '
        "*) echo 'not the first Mon|Wed of the month'; exit 0 ;; esac"
    )
    assert len(jobs["llmops-staging-daily"]["script"]) == 1
    steps = yaml.safe_load(the_file(plan(), "github"))["jobs"]["monthly"]["steps"]
    assert steps[0]["run"].splitlines()[1] == '  true* | *1 | *3) echo "runs=true" >>"$GITHUB_OUTPUT" ;;'
    assert {"steps.day.outputs.runs == 'true'" in step.get("if", "") for step in steps[1:]} == {True}


@pytest.mark.parametrize(
    ("at", "begins", "runs"),
    [
        ("first Mon 23:30", "2026-12-07T23:30", True),
        ("first Mon 23:30", "2026-12-08T00:10", True),  # late, as GitHub's often are
        ("first Mon 23:30", "2026-12-06T23:30", False),
        ("first Mon 00:10", "2026-12-07T00:10", True),
        ("first Mon 00:10", "2026-12-08T00:10", False),
        ("fourth Sun 09:00", "2027-03-28T09:00", True),  # an hour of that day is left out
    ],
)
def test_a_run_that_begins_late_is_of_the_day_for_which_it_was_planned(plan, tmp_path, at, begins, runs):
    now = dt.datetime.fromisoformat(begins).replace(tzinfo=timezone("Europe/Berlin")).timestamp()
    clock = tmp_path / "date"
    today = f"+%u) exec {DATE} -d @{now:.0f} +%u"
    clock.write_text(f'#!/bin/sh\ncase "$*" in +%s) echo {now:.0f} ;; {today} ;; *) exec {DATE} "$@" ;; esac\n')
    clock.chmod(0o755)
    asked, out = plan(suite("monthly", at)), tmp_path / "out"
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "GITHUB_OUTPUT": str(out), "BY_HAND": "false"}
    step = read(the_file(asked, "github"))["jobs"]["monthly"]["steps"][0]
    out.touch()
    subprocess.run(["bash", "-e", "-c", step["run"]], env={**environ, "TZ": step["env"]["TZ"]}, check=True)
    assert out.read_text() == ("runs=true\n" if runs else "")
    script = yaml.safe_load(the_file(asked, "gitlab"))["llmops-staging-monthly"]["script"][0]
    done = subprocess.run(["sh", "-e", "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert bool(done.stdout) != runs


# Kubernetes


def test_cron_jobs_forbid_overlap_and_know_their_zone(plan):
    with pytest.raises(ConfigError, match=r"^--format kubernetes needs --image NAME: "):
        files(plan(), "kubernetes")
    claim, *jobs = yaml.safe_load_all(the_file(plan(image="registry.example/llmops:1"), "kubernetes"))
    assert claim["kind"] == "PersistentVolumeClaim"
    specs = {job["metadata"]["name"]: job["spec"] for job in jobs}
    monthly = specs["llmops-staging-monthly"]
    assert [monthly[key] for key in ("schedule", "timeZone", "concurrencyPolicy", "startingDeadlineSeconds")] == [
        "0 9 1-7 * *",
        "Europe/Berlin",
        "Forbid",
        1800,
    ]
    container = monthly["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert container["command"][-1] == "--if-due"
    drill = specs["llmops-staging-dr"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert drill["command"][-2:] == ["--if-due", "--llmops-allow-disruption=staging"]
    assert container["envFrom"] == [{"secretRef": {"name": "llmops-staging"}}]


def test_who_runs_in_the_container_may_write_to_the_claim(plan):
    _, *jobs = yaml.safe_load_all(the_file(plan(image="registry.example/llmops:1"), "kubernetes"))
    pods = [job["spec"]["jobTemplate"]["spec"]["template"]["spec"] for job in jobs]
    assert [pod["securityContext"] for pod in pods] == [{"fsGroup": 1000}] * len(SUITES)


@pytest.mark.parametrize(
    ("state", "mounted"),
    [(".llmops", "/srv/llmops/.llmops"), ("/var/llmops", "/var/llmops"), ("../state", "/srv/state")],
)
def test_the_claim_is_mounted_where_the_state_folder_is(plan, state, mounted):
    asked = replace(plan(image="registry.example/llmops:1"), state=state)
    _, job, *_ = yaml.safe_load_all(the_file(asked, "kubernetes"))
    container = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == [mounted, "/srv/llmops/reports"]


def test_cron_jobs_of_a_long_name_are_each_of_its_own(plan):
    def names(target):
        long = replace(plan(image="registry.example/llmops:1"), target=target)
        _, *jobs = yaml.safe_load_all(the_file(long, "kubernetes"))
        assert max(len(value) for job in jobs for value in job["metadata"]["labels"].values()) <= 63
        return {job["metadata"]["name"] for job in jobs}

    target = "a-target-whose-name-is-as-long-as-its-history-in-the-west-of-europe"
    found = names(target)
    assert len(found) == len(SUITES)
    assert max(map(len, found)) <= 52
    assert not found & names(f"{target}-2")


def test_cron_jobs_have_only_fields_that_the_api_has(plan):
    models = pytest.importorskip("kubernetes.client.models")

    def strange(value, kind):
        if kind.startswith("list["):
            return [found for one in value for found in strange(one, kind[5:-1])]
        model = getattr(models, kind, None)
        if model is None:
            return []
        names = {written: name for name, written in model.attribute_map.items()}
        inner = [
            found for key in value if key in names for found in strange(value[key], model.openapi_types[names[key]])
        ]
        return [f"{kind}.{key}" for key in value if key not in names] + inner

    for made in yaml.safe_load_all(the_file(plan(image="registry.example/llmops:1"), "kubernetes")):
        kind = "V1CronJob" if made["kind"] == "CronJob" else "V1PersistentVolumeClaim"
        assert strange(made, kind) == []
        assert strange({**made, "speck": {}}, kind) == [f"{kind}.speck"]
