"""A node in a script: runs the pods that an API server has as processes of this machine, and tells how they are.

It stands in for scheduler, kubelet and containers where an API server and its controllers are real: binds pods to
itself, starts their command, tells when its port accepts, ends it when the pod is to end, starts it again when it ended
by itself, and serves its output to whoever asks the API server for logs. The words ``python`` and ``server.py`` of a
command are the contract's own.
"""

import ssl
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import trustme
from kubernetes import client

from .rig import PYTHON, SERVER

NAME = "bench"
WORDS = {"python": PYTHON, "server.py": str(SERVER)}
LOOK_AGAIN_S = 0.03


class Container:
    """The one container of a pod."""

    def __init__(self, pod):
        self.pod = pod
        self.restarts = 0
        self.told = None
        self.end_by = None
        self.start()

    def start(self):
        words = [WORDS.get(word, word) for word in self.pod.spec.containers[0].command]
        self.lines = []
        self.began = datetime.now(UTC)
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self.read, args=(self.process.stdout, self.lines), daemon=True).start()

    def read(self, output, lines):
        with output:
            for line in output:
                lines.append((datetime.now(UTC), line))

    @property
    def ended(self):
        return self.process.poll() is not None

    def ready(self):
        ports = self.pod.spec.containers[0].ports
        if not ports:
            return not self.ended
        text = f" 0100007F:{ports[0].container_port:04X} 00000000:0000 0A "
        return not self.ended and text in Path("/proc/net/tcp").read_text()

    def end(self, grace_s):
        if self.end_by is None:
            self.end_by = time.monotonic() + grace_s
            self.process.terminate()
        if time.monotonic() >= self.end_by:
            self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def status(self):
        ready = self.ready()
        conditions = ("Initialized", "PodScheduled", *(("Ready", "ContainersReady") if ready else ()))
        container = self.pod.spec.containers[0]
        return {
            "phase": "Running",
            "podIP": "127.0.0.1",
            "conditions": [{"type": name, "status": "True"} for name in conditions],
            "containerStatuses": [
                {
                    "name": container.name,
                    "image": container.image,
                    "imageID": "",
                    "ready": ready,
                    "restartCount": self.restarts,
                    "state": {"running": {"startedAt": self.began.isoformat(timespec="seconds")}},
                }
            ],
        }


class Node:
    """See the module.

    Args:
        connected: the client of an API server.
        namespace: whose pods are run.
        port: where logs are asked for.
    """

    def __init__(self, connected, namespace, port):
        self.core = client.CoreV1Api(connected)
        self.namespace = namespace
        self.containers = {}
        self.over = threading.Event()
        with suppress(client.ApiException):
            self.core.delete_node(NAME)
        self.core.create_node({"metadata": {"name": NAME}})
        address = {"type": "InternalIP", "address": "127.0.0.1"}
        status = {"addresses": [address], "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}
        self.core.patch_node_status(NAME, {"status": status})

    def run(self):
        while not self.over.wait(LOOK_AGAIN_S):
            pods = self.core.list_namespaced_pod(self.namespace).items
            for uid in self.containers.keys() - {pod.metadata.uid for pod in pods}:
                self.containers.pop(uid).kill()
            for pod in pods:
                with suppress(client.ApiException):  # it changed meanwhile; seen in the next round
                    self.tend(pod)
        for container in self.containers.values():
            container.kill()

    def tend(self, pod):
        name, uid = pod.metadata.name, pod.metadata.uid
        container = self.containers.get(uid)
        if pod.metadata.deletion_timestamp:
            if container:
                container.end(pod.metadata.deletion_grace_period_seconds)
            if not container or container.ended:
                self.core.delete_namespaced_pod(name, self.namespace, body={"gracePeriodSeconds": 0})
        elif not pod.spec.node_name:
            binding = {"metadata": {"name": name}, "target": {"kind": "Node", "name": NAME}}
            self.core.create_namespaced_pod_binding(name, self.namespace, binding, _preload_content=False)
        elif not container:
            self.containers[uid] = Container(pod)
        else:
            if container.ended:
                container.restarts += 1
                container.start()
            status = container.status()
            if status != container.told:
                self.core.patch_namespaced_pod_status(name, self.namespace, {"status": status})
                container.told = status

    def logs(self, pod, lines):
        """What a pod printed, each line with its time."""
        held = next((one for one in self.containers.values() if one.pod.metadata.name == pod), None)
        return "".join(f"{at.isoformat()} {line}" for at, line in held.lines[-lines:]) if held else ""


@contextmanager
def running(connected, namespace):
    """A node while it is needed."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    class Kubelet(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            lines = int(parse_qs(parts.query).get("tailLines", ["1000"])[0])
            data = node.logs(parts.path.split("/")[3], lines).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Kubelet)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    node = Node(connected, namespace, server.server_address[1])
    threads = [threading.Thread(target=one, daemon=True) for one in (server.serve_forever, node.run)]
    for thread in threads:
        thread.start()
    try:
        yield node
    finally:
        server.shutdown()
        node.over.set()
        for thread in threads:
            thread.join()
        server.server_close()
        with suppress(client.ApiException):  # another bench of this run, which has the same node, was quicker
            node.core.delete_node(NAME)
