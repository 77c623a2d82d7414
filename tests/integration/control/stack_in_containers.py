"""A deployment of the sandbox's parts, each in a container of its own, as a target that is none of the sandbox's."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from pytest_llmops.target.load import load

from ...lightning import System
from .containers import IMAGE, SEEN, engine
from .rig import WITH_US, awaited, free_port

PROFILE = "rag"
PARTS = {"api": "api", "ollama": "llm", "qdrant": "vectors", "redis": "redis"}
"""Component to the part that stands for it."""

ROOT = Path(__file__).parents[3]
PROXY = """
[targets.staging.proxies.api-to-{name}]
component = "{name}"
listen = "127.0.0.1:{port}"
socket = "{name}.socket"
"""
CONTROL = """
[targets.staging.components.{name}.control]
driver = "docker"
container = "{container}"
host = "{host}"
deadline = "3 m"
"""


@contextmanager
def deployed(folder, more="", through=()):
    """The target ``staging``: its addresses are those of four containers, which run and answer.

    Args:
        folder: for its ``llmops.toml``; each container sees it, and the order of its part in it.
        more: further tables of the target, in which ``HOST`` is the engine, ``API`` the container of that component.
        through: the components that the API asks through a fault proxy, which ``llmops proxy`` keeps beside them.
    """
    urls = {part: _url(part, free_port()) for part in PARTS.values()}
    between = {component: free_port() for component in through}
    asked = urls | {PARTS[component]: _url(PARTS[component], port) for component, port in between.items()}
    declared = load(None, f"sandbox:{PROFILE}", folder, {})
    variables = [
        name for part in declared.table.components.configured().values() if part.auth for name in part.auth.variables
    ]
    keys = {variable: f"key-of-{variable.lower()}" for variable in variables}
    order = declared.table.model_dump(mode="json", include={"components", "sandbox", "settings"})
    with engine() as host, ExitStack() as beside:
        names = {component: f"llmops-{os.getpid()}-{component}" for component in PARTS}
        tables = [f'[targets.staging]\nprofile = "{PROFILE}"\nenvironment = "staging"\n']
        for component, part in PARTS.items():
            tables.append(f'[targets.staging.components.{component}]\nurl = "{urls[part]}"\n')
            tables.append(CONTROL.format(name=component, container=names[component], host=host))
        tables += [PROXY.format(name=component, port=port) for component, port in between.items()]
        tables.append(more.replace("HOST", host).replace("API", names["api"]))
        (folder / "llmops.toml").write_text("".join(tables))
        proxies = [beside.enter_context(_proxy(folder, f"api-to-{component}")) for component in through]
        try:
            for component, part in PARTS.items():
                addresses = {**asked, part: urls[part]}
                alone = {**order, "parts": [part], "addresses": addresses, "keys": keys, "directory": "/tmp/stack"}
                file = folder / f"{part}.json"
                file.write_text(json.dumps(alone))
                _run(host, names[component], file)
            assert all("told at" in proxy.stdout.readline() for proxy in proxies)
            target = load(folder / "llmops.toml", "staging", folder, {**os.environ, **keys})
            with closing(System(target, folder)) as one:
                awaited(lambda: all(one.looked_at()["answers"].values()), within_s=60)
            yield target
        finally:
            subprocess.run(["docker", "-H", host, "rm", "-f", *names.values()], check=True, capture_output=True)


def _url(part, port):
    return f"{'redis' if part == 'redis' else 'http'}://127.0.0.1:{port}"


@contextmanager
def _proxy(folder, name):
    """A fault proxy of the target; it says a line once it stands."""
    command = [*WITH_US, Path(sys.executable).with_name("llmops"), "proxy", name, "--target", "staging"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as proxy:
        try:
            yield proxy
        finally:
            proxy.terminate()


def _run(host, name, file):
    seen = {*SEEN, str(ROOT), sys.prefix, str(file.parent)}
    mounts = [word for place in sorted(seen) for word in ("-v", f"{place}:{place}:ro")]
    words = [sys.executable, "-m", "pytest_llmops.sandbox", "--order", str(file)]
    made = ["run", "--detach", "--name", name, "--network", "host", "--stop-timeout", "5", *mounts, IMAGE, *words]
    subprocess.run(["docker", "-H", host, *made], check=True, capture_output=True)
