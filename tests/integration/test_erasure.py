"""An erasure over a service with a real Redis behind it: who is in the cache is found, and seen gone, or seen kept."""

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest
import redis

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.held_values import MOST
from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.operate.makers import MAKERS
from pytest_llmops.security.erasure import Erasure
from pytest_llmops.security.person import Person
from pytest_llmops.state.journal import Journal
from pytest_llmops.state.ledger import Uncounted
from pytest_llmops.target.load import load

from ..held import held_port
from .own_redis import PASSWORD, running

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")

FILE = """
[targets.here.components.redis]
url = "redis://:kettle@127.0.0.1:{port}/0"
cache = ["app:*"]
[targets.here.components.api]
url = "{url}"
[targets.here.components.api.routes.query]
method = "POST"
path = "/ask"
body = {{ question = "{{prompt}}", user = "{{user}}", fresh = "{{fresh}}" }}
answer = "answer"
[targets.here.components.api.routes.delete]
method = "DELETE"
path = "/users/{{user}}"
values = {{ state = "state" }}
[targets.here.security.erasure]
within = "{within}"
every = "50 ms"
"""


class Service(ThreadingHTTPServer):
    """Keeps answers in Redis, in a hash for each user, and forgets who is deleted, unless it is told not to."""

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.redis = redis.Redis(port=port, password="kettle")
        self.forgets, self.late_s, self.deleted, self.again = True, 0.0, [], 202
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def delete(self, user):
        self.deleted.append(user)
        if self.forgets:
            timer = threading.Timer(self.late_s, self.redis.delete, [f"app:answers:{user}"])
            timer.start()
            if not self.late_s:
                timer.join()

    def end(self):
        self.shutdown()
        self.thread.join()
        self.server_close()
        self.redis.close()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not asked["fresh"]:
            self.server.redis.hset(f"app:answers:{asked['user']}", "first", asked["question"])
        self.say(200, {"answer": "Nobody knows."})

    def do_DELETE(self):
        user = unquote(self.path.rpartition("/")[2])
        status = self.server.again if user in self.server.deleted else 202
        self.server.delete(user)
        self.say(status, {"state": "completed"})

    def say(self, status, document):
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def service(tmp_path):
    with held_port() as port, running(tmp_path, port, PASSWORD):
        made = Service(port)
        made.port = port
        yield made
        made.end()


class Here:
    def __init__(self, service, tmp_path, within="20 s", more=""):
        file = tmp_path / "llmops.toml"
        file.write_text(FILE.format(port=service.port, url=service.url, within=within) + more)
        self.target = load(file, None, tmp_path, {})
        self.opened = {}
        self.change = Change(
            self.target,
            Journal.of(self.target.state_folder, "here"),
            Interruption(),
            opened={"test": "a test", "run": "a run"},
            say=lambda line: None,
            may_begin=lambda: None,
            makers=MAKERS,
        )
        self.person = Person("0123456789ab")

    def client(self, component):
        if component not in self.opened:
            self.opened[component] = connect(self.target, component, Uncounted())
        return self.opened[component]

    def erased(self):
        try:
            return Erasure(self.change, self.client, lambda line: None, self.person).carry_out()
        finally:
            for client in self.opened.values():
                client.close()


def test_who_is_in_the_cache_is_found_and_seen_gone(service, tmp_path):
    service.redis.set("app:other", "of somebody else")
    service.redis.set("queue", Person("0123456789ab").email)  # no key of the cache
    here = Here(service, tmp_path)
    done = here.erased()
    cache = done.receipt("cache")
    assert (cache.before, cache.after, cache.outcome) == (True, False, "gone")
    assert (done.status, done.state, done.completed) == (202, "completed", True)
    assert done.receipt("api").outcome == "vacuous"
    assert done.receipt("vectors").outcome == done.receipt("backups").outcome == "unsupported"
    assert here.change.undo()
    assert sorted(service.redis.scan_iter()) == [b"app:other", b"queue"]


def test_a_deletion_that_comes_late_is_waited_for(service, tmp_path):
    service.late_s = 0.3
    done = Here(service, tmp_path).erased()
    assert done.receipt("cache").outcome == "gone"
    assert done.took_s >= 0.3


def test_who_stays_in_the_cache_is_told_and_is_taken_out_all_the_same(service, tmp_path):
    service.forgets = False
    here = Here(service, tmp_path, within="300 ms")
    done = here.erased()
    assert [one.said for one in done.kept] == ["cache: the person is found there after the deletion"]
    assert here.change.undo()
    assert not [*service.redis.scan_iter("app:*")]


def test_whom_the_route_does_not_know_any_more_is_taken_out(service, tmp_path):
    service.again = 404
    here = Here(service, tmp_path)
    here.erased()
    assert here.change.undo()
    assert len(service.deleted) == 2


def test_who_was_written_when_the_process_was_killed_is_taken_out_by_recovery(service, tmp_path):
    service.forgets = False
    here = Here(service, tmp_path, within="300 ms")
    here.erased()  # and nobody undoes it
    service.forgets = True
    service.deleted.clear()
    [found] = recoveries(here.target.state_folder)
    assert found.carry_out(lambda line: None, makers=MAKERS, declared=here.target)
    assert service.deleted == [here.person.user]
    assert not [*service.redis.scan_iter("app:*")]


def test_a_cache_that_is_too_big_to_be_looked_through_is_no_success(service, tmp_path):
    here = Here(service, tmp_path)
    here.erased()
    service.redis.mset({f"app:{number}": "of somebody else" for number in range(MOST + 1)})
    assert not here.change.undo()
    (failure,) = Journal.of(here.target.state_folder, "here").story.failed.values()
    assert failure.why.endswith(
        f"{here.person.user} may still be there: redis: its cache has 20001 keys, more than the 20000 that are read."
    )


def test_where_no_cache_is_described_none_is_looked_through(service, tmp_path):
    service.redis.set("app:other", "of somebody else")
    here = Here(service, tmp_path)
    here.target.table.components.redis.cache.clear()
    here.erased()
    assert here.change.undo()
    assert service.redis.keys() == [b"app:other"]


def test_the_journal_holds_the_seed_alone(service, tmp_path):
    here = Here(service, tmp_path)
    here.erased()
    written = "".join(file.read_text() for file in here.target.state_folder.rglob("*") if file.is_file())
    assert here.person.seed in written
    assert not [trace for trace in here.person.traces if trace != here.person.user and trace in written]


def test_nothing_is_written_where_nobody_is_ever_deleted(service, tmp_path):
    lacking = FILE[: FILE.index("[targets.here.components.api.routes.delete]")]
    file = tmp_path / "llmops.toml"
    here = Here(service, tmp_path)
    file.write_text(
        lacking.format(port=service.port, url=service.url)
        + '[targets.here.security.lacks]\ndeletion = "no route does"\n'
    )
    here.target = load(file, None, tmp_path, {})
    here.change.target = here.target
    with pytest.raises(Unsupported, match=r"^api: this system has no deletion: no route does\.$"):
        here.erased()
    assert not [*service.redis.scan_iter()]


def test_a_lack_that_is_none_is_told(service, tmp_path):
    here = Here(service, tmp_path, more='[targets.here.security.lacks]\ndeletion = "no route does"\n')
    with pytest.raises(CallFailed, match=r"but .* is described as the route delete") as caught:
        here.erased()
    assert caught.value.kind == "untrue"
    assert not [*service.redis.scan_iter()]
