"""Commands of the application: status, output and failures, of real small scripts."""

import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from pytest_llmops.clients.app_command import Ran, Reported
from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.errors import BudgetSpent, CallFailed, Unsupported, Vacuous


@pytest.fixture
def commands(client):
    """A client of these commands; each is its ``argv``, or its whole table."""

    def commands(environ=None, root=".", **named):
        tables = {name: one if isinstance(one, dict) else {"argv": one} for name, one in named.items()}
        return client("app_command", environ, root=root, commands=tables)

    return commands


def failure(act):
    with pytest.raises(CallFailed) as caught:
        act()
    return caught.value.kind, str(caught.value)


def test_what_a_command_came_to(commands, ledger, tmp_path):
    app = commands(greet=["sh", "-c", 'pwd; echo "$0 $1" >&2', "hello $HOME; exit 4"])
    ran = app.run("greet", "two words")
    assert (ran.status, ran.output, ran.errors) == (0, f"{tmp_path}\n", "hello $HOME; exit 4 two words\n")
    assert 0 < ran.took_s < 60
    assert ran.said == "hello $HOME; exit 4 two words"
    assert ledger.spent().requests == ledger.answered("app_command") == 1
    assert last_exchange.get().endswith(""""$0 $1" >&2' 'hello $HOME; exit 4' 'two words')""")
    assert last_exchange.get().startswith(f"(cd {tmp_path} && sh -c ")


def test_a_folder_of_its_own(commands, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "here.sh").write_text("#!/bin/sh\npwd\n")
    (tmp_path / "app" / "here.sh").chmod(0o755)
    assert commands(root="app", here=["./here.sh"]).text("here") == f"{tmp_path / 'app'}\n"


def test_json_past_noise(commands):
    said = (
        'Starting cache warming process...\n[1/20] Warming LLM models...\n{\n  "health": {"status": "ok"}\n}\n[done]\n'
    )
    app = commands(dashboard={"argv": ["printf", "%s", said], "output": "json"})
    assert app.json("dashboard") == {"health": {"status": "ok"}}
    assert app.run("dashboard").output == said


def test_no_json(commands):
    app = commands(plain=["echo", "fine"], promised={"argv": ["echo", "{'a': 1}"], "output": "json"})
    assert failure(lambda: app.json("plain")) == (
        "bad-answer",
        "app_command: plain: printed no JSON (no line begins with { or [): fine.",
    )
    assert failure(lambda: app.run("promised")) == (
        "bad-answer",
        "app_command: promised: printed no JSON (Expecting property name enclosed in double quotes): {'a': 1}.",
    )


def test_statuses(commands):
    app = commands(
        check=["sh", "-c", "echo first; echo 'no such column' >&2; exit 3"],
        grep={"argv": ["sh", "-c", "exit 1"], "exit": [0, 1]},
        silent=["false"],
        killed=["sh", "-c", "kill -9 $$"],
    )
    assert failure(lambda: app.run("check")) == (
        "exit-3",
        "app_command: check: ended with exit status 3; it said: no such column.",
    )
    assert app.run("grep").status == 1
    assert failure(lambda: app.run("silent")) == (
        "exit-1",
        "app_command: silent: ended with exit status 1; it said: (nothing).",
    )
    assert failure(lambda: app.run("killed")) == (
        "signal-9",
        "app_command: killed: was ended by signal 9; it said: (nothing).",
    )


def test_what_cannot_be_run(commands, tmp_path):
    (tmp_path / "plain.sh").write_text("echo\n")
    app = commands(absent=["no-such-program", "-v"], plain=["./plain.sh"])
    assert failure(lambda: app.run("absent")) == (
        "absent",
        (
            "app_command: absent: there is no program 'no-such-program' to run no-such-program -v; "
            "install it, or say where it is."
        ),
    )
    assert failure(lambda: app.run("plain")) == (
        "refused",
        "app_command: plain: ./plain.sh cannot be run: Permission denied.",
    )
    assert failure(lambda: commands(root="away", a=["true"]).run("a")) == (
        "absent",
        f"app_command: a: true cannot be run in {tmp_path / 'away'}: there is no such folder.",
    )


def test_what_a_deployment_may_do_without(commands):
    optional = {"argv": ["no-such-program"], "optional": True}
    with pytest.raises(Unsupported) as caught:
        commands(gpus=optional).run("gpus")
    assert str(caught.value) == (
        "app_command: gpus: there is no program 'no-such-program' to run no-such-program; "
        "install it, or say where it is."
    )
    assert failure(lambda: commands(root="away", gpus=optional).run("gpus"))[0] == "absent"
    assert failure(lambda: commands(gpus={**optional, "argv": ["false"]}).run("gpus"))[0] == "exit-1"


def test_the_deadline_ends_all_that_it_started(commands, tmp_path):
    script, child = f"sleep 600 & echo $! > {tmp_path}/child; wait", tmp_path / "child"
    for deadline_s in (0.2, 3, 30):  # until it had the time to make a child
        app = commands(hangs={"argv": ["sh", "-c", script], "deadline": deadline_s})
        assert failure(partial(app.run, "hangs")) == (
            "timeout",
            f"app_command: hangs: sh -c '{script}' had not ended after {deadline_s} s, and was killed.",
        )
        if child.exists() and child.read_text():
            break
    pid, ends_at = int(child.read_text()), time.monotonic() + 60
    while running(pid) and time.monotonic() < ends_at:  # the system takes a moment to bury it
        time.sleep(0.01)
    assert not running(pid)


def running(pid):
    try:
        os.kill(pid, signal.SIG_DFL)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_secrets_stay_here(client, monkeypatch):
    monkeypatch.setenv("APP_KEY", "kettle-of-fish")
    monkeypatch.setenv("OTHER_NAME", "kettle-of-fish")
    monkeypatch.setenv("APP_REGION", "north")
    show = [sys.executable, "-c", "import os; print(*sorted(n for n in os.environ if n[:3] in ('APP', 'OTH')))"]
    tells = [sys.executable, "-c", "import os; raise SystemExit('key ' + os.environ['APP_KEY'])"]
    app = client(
        "app_command",
        {"APP_KEY": "kettle-of-fish"},
        auth={"bearer": "APP_KEY"},
        commands={
            "show": {"argv": show},
            "named": {"argv": show, "env": ["APP_KEY"]},
            "tells": {"argv": tells, "env": ["APP_KEY"]},
            "word": {"argv": ["no-such", "kettle-of-fish"]},
        },
    )
    assert app.text("show") == "APP_REGION\n"
    assert app.text("named") == "APP_KEY APP_REGION\n"
    assert failure(lambda: app.run("tells")) == (
        "exit-1",
        "app_command: tells: ended with exit status 1; it said: key [redacted].",
    )
    assert "kettle" not in failure(lambda: app.run("word"))[1] + last_exchange.get()


def test_names(commands):
    app = commands(
        dashboard=["true"], restore={"argv": ["scripts/restore.sh"], "unable": "the repository has no such script."}
    )
    assert (app.has("dashboard"), app.has("restore"), app.has("other")) == (True, False, False)
    assert app.unable() == {"restore": "the repository has no such script."}
    with pytest.raises(Unsupported) as caught:
        app.run("dashbord")
    assert str(caught.value) == (
        "app_command: target staging has no command 'dashbord'. Did you mean 'dashboard'? It has: dashboard, restore."
    )
    with pytest.raises(Vacuous) as useless:
        app.run("restore")
    assert str(useless.value) == (
        "app_command: restore (scripts/restore.sh) cannot work here: the repository has no such script."
    )


def test_a_limit_of_its_own(client):
    app = client("app_command", rate_limit="1/h", commands={"a": {"argv": ["true"]}})
    app.run("a")
    with pytest.raises(BudgetSpent):
        app.run("a")


def test_preflight(commands, tmp_path):
    assert preflight(commands(a=["no-such"], b=["true"]), 1.0).level == "reachable"
    assert preflight(commands(), 1.0).ok
    assert preflight(commands(a=["no-such"]), 1.0).reason == (
        f"app_command at {tmp_path}: none of the programs of its commands is there: no-such. "
        "Is it installed here, and is components.app_command.root the right folder?"
    )
    assert preflight(commands(root="away"), 1.0).reason == (
        f"app_command at {tmp_path}/away: there is no folder {tmp_path}/away. "
        "Is it installed here, and is components.app_command.root the right folder?"
    )


def test_preflight_looks_where_commands_are_run(commands):
    app = commands(a=["of-its-own"])
    assert not preflight(app, 1.0).ok
    programs = app.root / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "of-its-own"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    assert preflight(app, 1.0).ok
    assert app.run("a").status == 0


def test_the_last_line_that_was_said():
    assert Ran(0, "one\ntwo\n\n", " \n", 0.1).said == "two"
    assert Ran(0, "", "", 0.1).said == ""


def test_what_it_says_of_its_state(commands):
    def said(status, alerts, total=3):
        text = json.dumps({"health": {"status": status}, "alerts": alerts, "requests": {"total": total}})
        report = {"status": "health.status", "alerts": "alerts", "counted": "requests.total"}
        return commands(dashboard={"argv": ["printf", "Warming...\n%s\n", text], "report": report}).report("dashboard")

    def printed(status, alerts):
        return {"health": {"status": status}, "alerts": alerts, "requests": {"total": 3}}

    assert said("healthy", []) == Reported("healthy", True, (), printed("healthy", []), counted=3)
    assert said("critical", ["SLOW"]) == Reported(
        "critical", False, ("SLOW",), printed("critical", ["SLOW"]), counted=3
    )
    with pytest.raises(Vacuous) as nothing:
        said("warning", ["LOW SUCCESS RATE: 0.0%"], total=0)
    assert str(nothing.value) == (
        "app_command: dashboard says 'warning' of a process of its own that has seen no request, "
        "not of the one that serves."
    )
    assert failure(lambda: said(None, [])) == (
        "bad-answer",
        "app_command: dashboard: its JSON does not hold a status at 'health.status' and alerts at 'alerts'.",
    )
    assert failure(lambda: said("healthy", [], total=None)) == (
        "bad-answer",
        "app_command: dashboard: its JSON holds None at 'requests.total', which is no number.",
    )
    with pytest.raises(Unsupported) as nowhere:
        commands(plain=["echo", "{}"]).report("plain")
    assert str(nowhere.value) == "app_command: target staging does not say where plain tells its state."


def test_its_own_virtual_environment_comes_first(client, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    show = ["sh", "-c", "command -v python; echo $VIRTUAL_ENV; env | grep -c ^PYTEST_"]
    app = client("app_command", commands={"show": {"argv": show, "exit": [1]}})
    before = app.lines("show")
    assert before[-1] == "0"
    programs = app.root / "venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").write_text("#!/bin/sh\n")
    (programs / "python").chmod(0o755)
    assert app.lines("show") == [str(programs / "python"), str(programs.parent), "0"]
    assert before[0] != str(programs / "python")
