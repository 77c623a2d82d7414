"""Who is told of checks: routes that lead somewhere, an Alertmanager whose keys are secrets."""

import re
import subprocess
from pathlib import Path
from shutil import which

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.report.textfile import FAMILIES
from pytest_llmops.target.load import load

DOCUMENT = Path(__file__).parents[3] / "docs" / "notify.md"
A = "[targets.a.components.api]\nurl = 'http://127.0.0.1'\n"
P0 = "[[targets.a.severities]]\nname = 'P0'\nresponse = 60\n"
SMS = f"{P0}[targets.a.notify.channels.sms]\nurl_env = 'SMS'\nseverities = ['P0']\n"
NEWS = "[targets.a.notify.news]\n"
ALERTS = "[targets.a.notify.alertmanager]\n"


@pytest.fixture
def read(tmp_path):
    def read(text, **environ):
        file = tmp_path / "llmops.toml"
        file.write_text(A + text)
        return load(file, None, tmp_path, environ)

    return read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"{NEWS}when = 'always'\n",
            "news.when = 'always' and nobody to tell; name channels (urls_env), or an alertmanager",
        ),
        (
            f"{SMS}{NEWS}routes.critical = ['sns']\n",
            "news.routes.critical names 'sns', which is no channel of this target. Did you mean 'sms'?",
        ),
        (
            f"{NEWS}routes.minor = ['pager']\n",
            "news.routes.minor names 'pager', which is no channel of this target. It has: none.",
        ),
        (f"{NEWS}link = 'https://x/{{id}}'\n", "'https://x/{id}' may hold {target} and {run}, and no other braces"),
        (f"{NEWS}link = 'https://x/{{'\n", "'https://x/{' may hold {target} and {run}, and no other braces"),
        (
            "[targets.a.notify.channels.alertmanager]\nurl_env = 'X'\n",
            "'alertmanager' is the table of an Alertmanager; call this channel otherwise",
        ),
        (f"{ALERTS}labels.check = 'x'\n", "labels.check is set by each alert itself; call yours otherwise"),
        (f"{ALERTS}url = 'alerts:9093'\n", "'alerts:9093' does not begin with http:// or https://"),
        (
            f"{ALERTS}auth.bearer = 'KEY'\n",
            "auth goes with url; without one the target's component alertmanager is told, as its table says",
        ),
        (
            f"{ALERTS}url = 'http://x'\nauth.login = 'KEY'\n",
            "login asks a route for a token, and an Alertmanager has none",
        ),
    ],
)
def test_what_leads_nowhere_is_refused(read, text, said):
    with pytest.raises(ConfigError) as told:
        read(text)
    assert said in str(told.value)


def test_routes_say_who_takes_what(read):
    notify = read(f"{SMS}[targets.a.notify]\nurls_env = 'ALL'\n{ALERTS}").table.notify
    assert notify.places == ["default", "sms", "alertmanager"]
    takes = {place: sorted(notify.takes(place)) for place in notify.places}
    everything = ["critical", "minor", "normal"]
    assert takes == {"default": everything, "sms": ["critical"], "alertmanager": everything}
    routed = read(f"{SMS}{ALERTS}{NEWS}routes = {{ minor = [], normal = ['sms'] }}\n").table.notify
    assert {place: sorted(routed.takes(place)) for place in routed.places} == {
        "sms": ["critical", "normal"],
        "alertmanager": ["critical"],
    }


def test_what_is_secret_of_an_alertmanager_is_known(read):
    target = read(
        f"{ALERTS}url = 'http://ops:p4ssword@127.0.0.1'\nauth.basic = 'KEY'\nproxy = 'http://me:pr0xy-pass@p:1'\n",
        KEY="ann:k3y-value",
    )
    assert target.known_secrets()["notify"] == [
        "ops:p4ssword",
        "p4ssword",
        "me:pr0xy-pass",
        "pr0xy-pass",
        "ann:k3y-value",
        "k3y-value",
    ]
    assert read(f"{ALERTS}url = 'http://127.0.0.1'\nauth.bearer = 'KEY'\n").known_secrets().get("notify") is None


def test_what_the_documentation_shows_is_read_without_a_complaint(tmp_path):
    tables = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    file = tmp_path / "llmops.toml"
    file.write_text("\n".join([A.replace("targets.a", "targets.staging"), *tables]))
    target = load(file, None, tmp_path, {})
    assert (target.notes, target.table.notify.places) == ((), ["default", "sms", "alertmanager"])


@pytest.mark.skipif(which("promtool") is None, reason="promtool is not installed")
def test_the_rules_of_the_documentation_are_rules_of_what_is_written(tmp_path):
    (rules,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    file = tmp_path / "rules.yml"
    file.write_text(rules)
    done = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(re.findall(r"llmops_\w+", rules)) <= FAMILIES.keys()
