"""HTTP exchanges of a test: taken down while they pass through to a real server, and played back without it.

A ``Tape`` holds what passed, by test. Its fronts are servers of this machine, one for each real one, that either pass
every request on and note the answer, or answer from the notes. Within a test, answers to the same request come in their
order, and the last of them again and again until the next request that changes something: so polling works, however
often it asks. A request that was not noted is answered with a 500 that says so.
"""

import json
import os
import re
import threading
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import urllib3

STAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)")
NO_ANSWER = 0
NOT_NOTED = 500
LOOKS = ("GET", "HEAD")
PART = "$"
WORTH_SHARING = 30
UNSAID = ("authorization", "host", "connection", "accept-encoding", "content-length")
"""Of a request's headers: what is not handed on."""

NOISE = frozenset(
    {
        *(
            "dnsPolicy",
            "enableServiceLinks",
            "imagePullPolicy",
            "lastProbeTime",
            "lastTransitionTime",
            "lastUpdateTime",
        ),
        *(
            "managedFields",
            "preemptionPolicy",
            "schedulerName",
            "securityContext",
            "serviceAccount",
            "serviceAccountName",
        ),
        *("terminationMessagePath", "terminationMessagePolicy", "tolerations", "volumeMounts", "volumes"),
    }
)
"""Of what Kubernetes says: what nobody here reads, and would make most of a tape."""


class Tape:
    """Exchanges by test.

    Args:
        file: where they are kept.
        word: what test ids hold of a rig's name, left out of them.
        recording: whether they are taken down, else played back.
    """

    def __init__(self, file, word="", *, recording):
        self.file = file
        self.word = word
        self.recording = recording
        self.lock = threading.Lock()
        self.kept = {}
        self.noted = defaultdict(list)
        self.typed = set()
        self.played = {}
        if file.exists():
            told, parts = json.loads(file.read_text()), []
            for part in told["parts"]:
                parts.append(whole(part, parts))
            for test, exchanges in told["tests"].items():
                self.kept[test] = [[*one[:-1], whole(one[-1], parts)] for one in exchanges]

    @property
    def test(self):
        """The test that runs now."""
        name, _, params = os.environ["PYTEST_CURRENT_TEST"].rpartition(" (")[0].rpartition("::")[2].partition("[")
        words = [word for word in params.rstrip("]").split("-") if word and word != self.word]
        return f"{name}[{'-'.join(words)}]" if words else name

    def note(self, front, request, status, body, *, by_hand):
        """Take an exchange down, until a person types a command: then who plays the tape has left the test."""
        with self.lock:
            self.typed |= {self.test} if by_hand else set()
            if self.test not in self.typed:
                self.noted[self.test].append([front, request, status, body])

    def play(self, front, request):
        """Status and body; None where nothing was noted."""
        with self.lock:
            if self.test not in self.played:
                self.played = {self.test: Playing(self.kept.get(self.test, []))}
            return self.played[self.test].answer(front, request)

    def keep(self):
        """Write what was taken down, in the place of what there was of the same tests."""
        if not self.recording or not self.noted:
            return
        parts, tests = {}, []
        for test, exchanges in sorted({**self.kept, **self.noted}.items()):
            lines = ",\n".join(compact([*one[:-1], shared(one[-1], parts)]) for one in abridged(exchanges))
            tests.append(f"{json.dumps(test)}: [\n{lines}]")
        kept = ",\n".join(parts), ",\n".join(tests)
        self.file.write_text('{{"parts": [\n{}],\n"tests": {{\n{}}}}}\n'.format(*kept))

    @contextmanager
    def front(self, name, port, passes=None):
        """A server at a port of this machine.

        Args:
            name: of the real one, in the notes.
            port: where it listens; 0 for any.
            passes: hands a request on while recording: ``passes(method, path, headers, body)`` gives status, body
                and its type, or None where nothing answers.
        """
        server = ThreadingHTTPServer(("127.0.0.1", port), handler(self, name, passes))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class Playing:
    """The exchanges of one test, on their way."""

    def __init__(self, exchanges):
        self.age = 0
        self.left = defaultdict(list)
        self.last = {}
        age = 0
        for front, request, status, body in exchanges:
            age += changes(front, request)
            self.left[age, front, request].append((status, body))

    def answer(self, front, request):
        self.age += changes(front, request)
        key = (self.age, front, request)
        if self.left[key]:
            self.last[key] = self.left[key].pop(0)
        return self.last.get(key)


def compact(told):
    return json.dumps(told, separators=(",", ":"))


def shared(told, parts):
    """JSON in which each larger part is a number among ``parts``: answers to polling differ little."""
    if isinstance(told, dict):
        told = {key: shared(value, parts) for key, value in told.items()}
    elif isinstance(told, list):
        told = [shared(value, parts) for value in told]
    text = compact(told)
    if isinstance(told, str) or len(text) < WORTH_SHARING:
        return told
    return {PART: parts.setdefault(text, len(parts))}


def whole(told, parts):
    """What ``shared`` has put apart, together again."""
    if isinstance(told, list):
        return [whole(value, parts) for value in told]
    if isinstance(told, dict):
        return parts[told[PART]] if PART in told else {key: whole(value, parts) for key, value in told.items()}
    return told


def changes(front, request):
    return not request.startswith(LOOKS)


def abridged(exchanges):
    """The exchanges without what polling has too much of.

    After a change that is all between the first and the last answer to a request. Before the first change, where
    whoever asks is not waiting for anything, it is only the last answer's repetitions.
    """
    age, given, kept = 0, defaultdict(list), []
    for number, (front, request, *answer) in enumerate(exchanges):
        age += changes(front, request)
        given[age, front, request].append((number, answer))
    for (age, *_), answers in given.items():
        while len(answers) > 1 and answers[-1][1] == answers[-2][1]:
            answers.pop()
        numbers = [number for number, _ in answers]
        kept += {numbers[0], numbers[-1]} if age else numbers
    return [exchanges[number] for number in sorted(kept)]


def handler(tape, front, passes):
    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else a small answer waits for an acknowledgement

        def answer(self):
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            parts = urlsplit(self.path)
            query = "&".join(f"{key}={value.lower()}" for key, value in sorted(parse_qsl(parts.query)))
            request = f"{self.command} {parts.path}{'?' if query else ''}{query} {STAMP.sub('now', sent)}".rstrip()
            if tape.recording:
                by_hand = self.headers.get("User-Agent", "").startswith("kubectl")
                got = passes(self.command, self.path, self.headers, sent) or (NO_ANSWER, "", None)
                status, body, kind = got if by_hand else (got[0], tidied(got[1]), got[2])
                tape.note(front, request, status, body, by_hand=by_hand)
            else:
                kind = "application/json"
                status, body = tape.play(front, request) or (
                    NOT_NOTED,
                    {"kind": "Status", "message": f"{tape.file.name} has no {request!r} to {front} in {tape.test}"},
                )
            if status == NO_ANSWER:
                self.close_connection = True
                return
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Content-Type", kind or "text/plain")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PATCH = do_DELETE = do_POST = do_PUT = answer  # noqa: N815 (the library's names)

        def log_message(self, *_):
            """Requests are on the tape."""

    return Front


def tidied(body):
    """JSON without the noise; other text as it is."""
    try:
        return json.loads(body, object_hook=lambda told: {key: told[key] for key in told if key not in NOISE})
    except ValueError:
        return body


def to(url, pool=None, signed=None):
    """Hands requests on to a real server.

    Args:
        url: its address.
        pool: connections to it, where they need certificates.
        signed: headers that sign a request which brings no credentials of its own.
    """
    pool = pool or urllib3.PoolManager(retries=False)

    def passes(method, path, headers, body):
        own = {name: value for name, value in headers.items() if name.lower() not in UNSAID}
        credentials = headers["Authorization"]
        own.update({"Authorization": credentials} if credentials else signed or {})
        try:
            answer = pool.request(method, f"{url}{path}", body=body or None, headers=own, timeout=10)
        except urllib3.exceptions.HTTPError:
            return None
        return answer.status, answer.data.decode(), answer.headers.get("Content-Type")

    passes.close = pool.clear
    return passes
