"""What ``docker``, ``kubectl`` and ``systemctl`` print of containers, pods and units, read into one shape."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIZE = re.compile(r"([\d.]+)\s*([A-Za-z]*)")
_FACTORS = {"": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_FACTORS |= {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}


@dataclass(frozen=True, slots=True)
class Container:
    """One container, pod or unit.

    Attributes:
        name: its own; a pod has a new one each time.
        known_as: further names of it: the compose service, the app of a pod.
        state: in the engine's own words.
        running: whether it runs.
        ready: whether it runs and nothing says that it is not well.
        enabled: whether it is started with the machine; None where that is not said.
        restarts: how often the engine has started it again; None where that is not said.
        cpu_pct: of one processor; None where nothing measures it.
        memory_bytes: in use; None where nothing measures it.
        network_bytes: received and sent since its start; None where nothing measures it.
        disk_bytes: read and written since its start; None where nothing measures it.
        limit_bytes: what it may use; None where nothing limits it.
        limit_cpu_pct: of one processor, what it may use; None where nothing limits it.
        oom_killed: whether it ended last for want of memory; None where that is not said.
    """

    name: str
    known_as: tuple[str, ...] = ()
    state: str = ""
    running: bool = False
    ready: bool = False
    enabled: bool | None = None
    restarts: int | None = None
    cpu_pct: float | None = None
    memory_bytes: float | None = None
    network_bytes: tuple[float, float] | None = None
    disk_bytes: tuple[float, float] | None = None
    limit_bytes: float | None = None
    limit_cpu_pct: float | None = None
    oom_killed: bool | None = None

    def writes_as(self, instance: str) -> bool:
        """Whether lines of a log are its: compose has ``api-1`` for ``rag-api-1``, kubectl ``pod/NAME/CONTAINER``."""
        return self.name in instance.split("/") or self.name.endswith((f"-{instance}", f"_{instance}"))

    def over(self, other: Container) -> Container:
        """The same container with what only the other knows of it."""
        told = ("restarts", "cpu_pct", "memory_bytes", "limit_bytes", "limit_cpu_pct", "oom_killed")
        return replace(self, **{name: getattr(other, name) for name in told if getattr(self, name) is None})


def containers(text: str) -> list[Container]:
    """The containers of an output of docker (``ps``, ``inspect``, ``stats``), kubectl or systemctl.

    Raises:
        ValueError: it is none of these; says what was found.
    """
    if re.match(r"\s*\w+=", text):
        return [_unit(block) for block in re.split(r"\n\s*\n", text.strip())]
    rows = list(_rows(text))
    try:
        return [_container(row) for row in rows]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a row of it lacks what a container has ({error})") from None


def volumes(text: str) -> dict[str, float]:
    """Volume or mount point to bytes in use, of ``docker system df -v`` as JSON, or of ``df -Pk``.

    Raises:
        ValueError: it is neither.
    """
    if text.lstrip().startswith("Filesystem"):
        rows = [line.split() for line in text.strip().splitlines()[1:]]
        return {row[5]: float(row[2]) * 1024 for row in rows if len(row) >= 6}
    found = {row["Name"]: size(str(row["Size"])) for table in _rows(text) for row in table.get("Volumes") or []}
    if not found:
        raise ValueError("it names no volume")
    return {name: of for name, of in found.items() if of is not None}


def size(text: str) -> float | None:
    """A size or quantity as docker (``1.2GiB``, ``3kB``) and kubernetes (``250m``, ``512Mi``) write it; None: none."""
    found = _SIZE.fullmatch(text.strip())
    unit = found[2].removesuffix("B") if found else "?"
    return float(found[1]) * _FACTORS[unit] if found and unit in _FACTORS else None


def reclaimed(text: str) -> float | None:
    """Bytes that ``docker system prune`` freed, by its last line; None where it does not say."""
    found = re.search(r"reclaimed space:\s*(\S+)", text)
    return size(found[1]) if found else None


def _both(text: object) -> tuple[float, float] | None:
    """The two sizes of ``1.2GB / 800MB``; None where either is none, as in ``-- / --``."""
    into, _, out = str(text or "").partition("/")
    first, second = size(into), size(out)
    return None if first is None or second is None else (first, second)


def _rows(text: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON document, of a list in it, of a kubernetes list, or of one a line."""
    try:
        documents = [json.loads(text)]
    except ValueError:
        documents = [json.loads(line) for line in text.splitlines() if line.strip()]
    for document in documents:
        inner = document.get("items", document) if isinstance(document, dict) else document
        yield from inner if isinstance(inner, list) else [inner]


def _container(row: dict[str, Any]) -> Container:
    if "metadata" in row:
        return _pod(row)
    if "HostConfig" in row:
        return _inspected(row)
    if "CPUPerc" in row:
        used, _, limit = str(row["MemUsage"]).partition("/")
        share = float(str(row["CPUPerc"]).rstrip("%"))
        return Container(
            row["Name"],
            cpu_pct=share,
            memory_bytes=size(used),
            network_bytes=_both(row.get("NetIO")),
            disk_bytes=_both(row.get("BlockIO")),
            limit_bytes=size(limit),
        )
    name = str(row["Names"] if "Names" in row else row["Name"])
    said = str(row.get("Status") or row.get("Health") or "")
    labels = dict(item.partition("=")[::2] for item in str(row.get("Labels") or "").split(","))
    service = row.get("Service") or labels.get("com.docker.compose.service")
    running = row["State"] == "running"
    ready = running and not re.search(r"unhealthy|starting", said)
    return Container(name, (str(service),) if service else (), said or str(row["State"]), running, ready)


def _inspected(row: dict[str, Any]) -> Container:
    state, limit, cpus = row["State"], row["HostConfig"].get("Memory") or None, row["HostConfig"].get("NanoCpus")
    health = (state.get("Health") or {}).get("Status", "healthy")
    running = state["Status"] == "running"
    return Container(
        row["Name"].removeprefix("/"),
        state=state["Status"],
        running=running,
        ready=running and health == "healthy",
        restarts=row.get("RestartCount"),
        limit_bytes=limit,
        limit_cpu_pct=cpus / 1e7 if cpus else None,
        oom_killed=state.get("OOMKilled"),
    )


def _pod(row: dict[str, Any]) -> Container:
    name, labels = row["metadata"]["name"], row["metadata"].get("labels") or {}
    if "containers" in row:  # of metrics.k8s.io: all that the pod's containers use
        used = [inner["usage"] for inner in row["containers"]]
        cores = sum(size(inner["cpu"]) or 0.0 for inner in used)
        return Container(name, cpu_pct=100 * cores, memory_bytes=sum(size(inner["memory"]) or 0.0 for inner in used))
    status = row["status"]
    inner = status.get("containerStatuses") or []
    limits = [(part.get("resources") or {}).get("limits") or {} for part in row["spec"]["containers"]]
    memory, cpu = ([limit.get(what) for limit in limits] for what in ("memory", "cpu"))
    running = status["phase"] == "Running"
    return Container(
        name,
        tuple(str(labels[key]) for key in ("app", "app.kubernetes.io/name") if key in labels),
        _reason(inner) or status["phase"],
        running,
        running and bool(inner) and all(one["ready"] for one in inner),
        restarts=sum(one["restartCount"] for one in inner),
        limit_bytes=sum(size(str(limit)) or 0.0 for limit in memory) if all(memory) else None,
        limit_cpu_pct=100 * sum(size(str(limit)) or 0.0 for limit in cpu) if all(cpu) else None,
        oom_killed=any(_ended_by(one) == "OOMKilled" for one in inner),
    )


def _reason(inner: list[dict[str, Any]]) -> str:
    """Why a container of a pod waits, such as CrashLoopBackOff."""
    waiting = [(one.get("state") or {}).get("waiting") or {} for one in inner]
    return next((str(one["reason"]) for one in waiting if one.get("reason")), "")


def _ended_by(inner: dict[str, Any]) -> str:
    """Why a container of a pod ended, now or the time before."""
    ended = [(inner.get(when) or {}).get("terminated") or {} for when in ("state", "lastState")]
    return next((str(one["reason"]) for one in ended if one.get("reason")), "")


def _unit(block: str) -> Container:
    said = dict(line.partition("=")[::2] for line in block.splitlines())
    active = said.get("ActiveState") == "active"
    memory = said.get("MemoryCurrent", "")
    state = said.get("ActiveState", "") if said.get("LoadState") != "not-found" else "not-found"
    return Container(
        said["Id"],
        (said["Id"].removesuffix(".service"),),
        state,
        active,
        active and said.get("SubState") == "running",
        said["UnitFileState"] in {"enabled", "static"} if said.get("UnitFileState") else None,
        int(said["NRestarts"]) if said.get("NRestarts", "").isdigit() else None,
        memory_bytes=float(memory) if memory.isdigit() else None,
        oom_killed=said["Result"] == "oom-kill" if said.get("Result") else None,
    )
