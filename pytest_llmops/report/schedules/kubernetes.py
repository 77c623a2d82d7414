"""CronJobs of Kubernetes, one for each suite, with a volume for what runs remember."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import PurePosixPath
from posixpath import normpath
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError
from pytest_llmops.report.schedules.yaml_text import dumped

if TYPE_CHECKING:
    from pytest_llmops.report.schedules.plan import Plan, Suite

ROOT = "/srv/llmops"
"""Where the image holds the project: ``llmops.toml``, baselines, tests."""

LATE_S = 3600
"""How late a job may begin; a suite that is looked at later for the first time counts as not missed."""

GROUP = 1000
"""That of the user in the Dockerfile of docs/schedule.md: a new claim belongs to root, and is handed to this group."""

LONGEST, LABEL = 52, 63
"""Characters of a CronJob's name, to which its jobs' add eleven, and of a label."""


def files(plan: Plan) -> dict[str, str]:
    """One file of several objects.

    Raises:
        ConfigError: no image is named, or the history lies where no claim is.
    """
    if plan.image is None:
        raise ConfigError(
            f"--format kubernetes needs --image NAME: one that holds pytest-llmops and, in {ROOT}, the folder of "
            f"{plan.file.name}. docs/schedule.md has its Dockerfile."
        )
    if plan.forgets(ROOT):
        raise ConfigError(
            f"[history] url is the file {plan.history}, and what runs of a pod remember is kept in its state folder "
            f"({plan.state}) alone: give a file within it, or a PostgreSQL database, or leave url out."
        )
    notes = [f"It keeps its state and reports in the claim {_name(plan)}."]
    if plan.variables:
        notes.append(f"The secret {_name(plan)} has to hold {', '.join(plan.variables)}.")
    text = dumped(_claim(plan), *(_cron_job(plan, suite) for suite in plan.suites))
    return {f"{_name(plan)}.yaml": plan.header(*notes) + text}


def _name(plan: Plan) -> str:
    return f"llmops-{plan.slug}"


def _claim(plan: Plan) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": _name(plan), "labels": _labels(plan)},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def _labels(plan: Plan) -> dict[str, str]:
    return {"app.kubernetes.io/name": "pytest-llmops", "app.kubernetes.io/instance": _short(plan.slug, LABEL)}


def _short(name: str, most: int) -> str:
    """A name that is too long, cut, and by a digest of all of it still another than those that begin alike."""
    if len(name) <= most:
        return name
    digest = blake2b(name.encode(), digest_size=4).hexdigest()
    return f"{name[: most - len(digest) - 1].rstrip('-')}-{digest}"


def _cron_job(plan: Plan, suite: Suite) -> dict[str, Any]:
    template = {
        "backoffLimit": 0,
        "template": {"metadata": {"labels": _labels(plan)}, "spec": _pod(plan, suite)},
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": _short(f"{_name(plan)}-{suite.name}", LONGEST), "labels": _labels(plan)},
        "spec": {
            "schedule": suite.times.cron,
            "timeZone": suite.zone or "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": LATE_S if suite.late_s is None else min(LATE_S, int(suite.late_s)),
            "jobTemplate": {"spec": template},
        },
    }


def _pod(plan: Plan, suite: Suite) -> dict[str, Any]:
    # Whether it is due is asked there, too: cron knows no first Monday, and the lock of the target lies in the claim
    words = ["llmops", "run", suite.name, f"--config={ROOT}/{plan.file.name}", f"--target={plan.target}", "--if-due"]
    words += plan.key(suite)
    container: dict[str, Any] = {"name": "llmops", "image": plan.image, "command": words, "workingDir": ROOT}
    if plan.variables:
        container["envFrom"] = [{"secretRef": {"name": _name(plan)}}]
    container["volumeMounts"] = [
        {"name": "kept", "mountPath": normpath(PurePosixPath(ROOT) / plan.state), "subPath": "state"},
        {"name": "kept", "mountPath": f"{ROOT}/reports", "subPath": "reports"},
    ]
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"fsGroup": GROUP},
        "containers": [container],
        "volumes": [{"name": "kept", "persistentVolumeClaim": {"claimName": _name(plan)}}],
    }
