"""A deployment in containers to be drilled: what it is told of itself, its files and backups, and how it is."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from contextlib import contextmanager

import httpx
import redis

from pytest_llmops.control.drivers import hands_on

from ...lightning import System
from ...suites.conftest import UNUSED, _environ
from .rig import awaited
from .stack_in_containers import ROOT, deployed

THROUGH = ("ollama", "qdrant", "redis")
"""What the API asks through a fault proxy."""

TABLES = """
[targets.staging.disruption]
allowed = true
[targets.staging.budget]
requests = 20_000
[targets.staging.components.files]
root = "app"
sets.configuration_texts = { paths = ["config/*", "compose.yml"] }
sets.handbook = { paths = ["handbook/**/*"] }
backups.configuration = { holds = { configuration_texts = {} } }
[targets.staging.components.files.backups.nightly]
paths = ["copies/nightly_*.tar.gz"]
dated = "nightly_%Y%m%d_%H%M%S.tar.gz"
timezone = "UTC"
checksums = "{name}.sha256"
holds = { handbook = {} }
within = "24 h"
every = "25 h"
keep = "2 d"
drop = "30 d"
[targets.staging.components.files.backups.offsite]
paths = ["offsite/nightly_*.tar.gz"]
copy_of = "nightly"
"""
FILES = {
    "config/app.toml": "collection = 'documents'\n",
    "compose.yml": "services: {api: {}}\n",
    "handbook/returns.md": "Returns are accepted within 30 days.\n",
    "handbook/shipping/sea.md": "Ships leave on Mondays.\n",
}
DAY_S, HOUR_S = 86_400, 3600
BACKED_UP_S = (49 * HOUR_S, 26 * HOUR_S, 2 * HOUR_S)
"""How long ago each of the backups was made."""

KEPT = {f"answer:{number}": f"answer {number}" for number in range(40)}
"""What the cache holds."""

WITHIN_S = 1200.0
"""For all drills, on a busy machine."""


class Drilled(System):
    """The deployment, and what drills act on and write to."""

    def looked_at(self):
        """How it is: its containers as the engine describes them and the proxies' modes too, all keys, all points."""
        proxies = {name: hands_on(self.target, name).status().kept["value"] for name in self.target.table.proxies}
        with self.cache() as server:
            keys = {name: server.dump(name) for name in server.scan_iter()}
        found = super().looked_at()
        return {**found, "containers": self._containers(), "proxies": proxies, "keys": keys, "points": self._points()}

    def save(self):
        """Have the cache write to its disk what it holds: a killed one comes back with that, and not with what was."""
        with self.cache() as server:
            server.save()

    def came_back(self):
        """The canaries that a killed cache had on its disk, though they were removed: seconds for which they stay.

        They are removed once more.
        """
        with self.cache() as server:
            found = {name: server.ttl(name) for name in server.scan_iter("llmops-canary-*")}
            for name in found:
                server.delete(name)
        return found

    def cache(self):
        """A connection to it."""
        return redis.Redis.from_url(self.target.component("redis").url)

    def _containers(self):
        controls = [part.control for part in self.target.table.components.configured().values() if part.control]
        words = ["docker", "-H", controls[0].host, "inspect", *(one.container for one in controls)]
        found = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
        for one in found:
            one["Mounts"].sort(key=lambda mount: mount["Source"])  # the engine has no order of them
        asked = ("Id", "Image", "Config", "HostConfig", "Mounts")
        return {one["Name"]: {"State": one["State"]["Status"], **{key: one[key] for key in asked}} for one in found}

    def _points(self):
        url = f"{self.target.component('qdrant').url}/collections/documents/points/scroll"
        asked = {"limit": 1000, "with_payload": True, "with_vector": True}
        return {point["id"]: point for point in httpx.post(url, json=asked, trust_env=False).json()["result"]["points"]}


@contextmanager
def drillable(folder):
    """The deployment, with proxies, files, backups and a cache that is not empty; ``before`` is how it is."""
    _lay(folder / "app")
    with deployed(folder, TABLES, THROUGH) as target:
        one = Drilled(target, folder)
        try:
            awaited(lambda: all(System.looked_at(one)["answers"].values()), WITHIN_S)
            with one.cache() as server:
                server.mset(KEPT)
            one.save()
            one.before = one.looked_at()
            yield one
        finally:
            one.close()


def _lay(app):
    """The application's files, and backups of them as they are made each night, with a copy of the newest elsewhere."""
    now = time.time()
    for name, text in FILES.items():
        file = app / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, (now - 9 * DAY_S,) * 2)
    for folder in ("copies", "offsite"):
        (app / folder).mkdir()
    for ago_s in BACKED_UP_S:
        at = now - ago_s
        backup = app / "copies" / time.strftime("nightly_%Y%m%d_%H%M%S.tar.gz", time.gmtime(at))
        with tarfile.open(backup, "w:gz") as archive:
            archive.add(app / "handbook", "handbook")
        backup.with_name(f"{backup.name}.sha256").write_text(
            f"{hashlib.sha256(backup.read_bytes()).hexdigest()}  {backup.name}\n"
        )
        os.utime(backup, (at, at))
    shutil.copy2(backup, app / "offsite")


class Run:
    """A pytest of its own that drills the deployment, with both keys.

    Args:
        system: the deployment.
        folder: for what is printed, and reports.
        *words: which tests.
    """

    def __init__(self, system, folder, *words):
        self._out, self._reports = folder / "out.txt", folder / "reports"
        shutil.rmtree(self._reports, ignore_errors=True)
        words = [f"--llmops-config={system.target.root}/llmops.toml", f"--llmops-report={self._reports}", *words]
        words += ["--llmops-target=staging", "--llmops-allow-disruption=staging", "--llmops-baseline=off"]
        spared = [f"-pno:{name}" for name in ("cacheprovider", *UNUSED)]
        command = [sys.executable, "-u", "-m", "pytest", *spared, *words]
        with self._out.open("w") as out:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=_environ(), stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def said(self):
        """All that was printed so far."""
        return self._out.read_text()

    @property
    def checks(self):
        """Of ``run.json``, by test."""
        return {one["test"]: one for one in json.loads((self._reports / "run.json").read_text())["checks"]}

    @property
    def plan(self):
        """``plan.json``."""
        return json.loads((self._reports / "plan.json").read_text())

    def status(self, within_s=WITHIN_S):
        """Its exit status, once it has one."""
        return self._process.wait(within_s)

    def ended(self, sign, after_s):
        """Its exit status once a signal was sent so long after it said its first word of a drill.

        Ctrl-C reaches all that were started in a terminal, so SIGINT is sent to the whole group.
        """
        awaited(lambda: "  drill " in self.said or self._process.poll() is not None, WITHIN_S)
        try:
            self._process.wait(after_s)
        except subprocess.TimeoutExpired:
            if sign == signal.SIGINT:
                os.killpg(self._process.pid, sign)
            else:
                self._process.send_signal(sign)
        return self.status()
