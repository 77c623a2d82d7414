"""From a kubeconfig, or a pod's own account, to the address of an API server and what it is asked with."""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmops.errors import did_you_mean
from pytest_llmops.target.proxies import proxy_between

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kubernetes.client import Configuration

USUAL_PLACE = "~/.kube/config"
IN_A_POD = "KUBERNETES_SERVICE_HOST"
"""Set by Kubernetes in every pod: there the pod's own account is taken where no kubeconfig is."""


class UnusableError(Exception):
    """Why a kubeconfig cannot be used, in a sentence that quotes nothing secret of it."""


def place_of(file: str | None, environ: Mapping[str, str]) -> str | None:
    """The kubeconfig: the named one, else the usual one; None where a pod's own account is taken."""
    usual = Path(USUAL_PLACE).expanduser()
    return file or (None if IN_A_POD in environ and not usual.exists() else str(usual))


def current_context(file: str | None, environ: Mapping[str, str]) -> str | None:
    """The current context of a kubeconfig, by its name; None where there is none, or it cannot be read."""
    from kubernetes.config.kube_config import KubeConfigMerger

    place = place_of(file, environ)
    with suppress(Exception):  # whoever connects by it says what is wrong
        return str(KubeConfigMerger(place).config.value["current-context"]) or None if place else None
    return None


def configured(file: str | None, context: str | None, environ: Mapping[str, str]) -> Configuration:
    """What a client is made with.

    Args:
        file: the kubeconfig; else the usual one, else a pod's own account.
        context: its context; else its current one.
        environ: where proxies are looked up.

    Raises:
        UnusableError: says why.
        ConfigError: the environment names a proxy that is none.
    """
    from kubernetes.client import Configuration

    configuration = Configuration()
    configuration.proxy = None  # the environment's is ours to find, as for every other component
    configuration.retries = False  # each would have the whole timeout again
    if place := place_of(file, environ):
        _read(place, context, configuration)
    else:
        _read_account(configuration)
    if not configuration.proxy:
        between = proxy_between(configuration.host, None, environ)
        configuration.proxy = between.url if between else None
    return configuration


def _read_account(configuration: Configuration) -> None:
    from kubernetes.config import ConfigException, load_incluster_config

    try:
        load_incluster_config(client_configuration=configuration)
    except ConfigException as error:  # it quotes nothing
        why = str(error).rstrip(".")
        raise UnusableError(f"the account of this pod cannot be used ({why}); set kubeconfig.") from None


def _read(file: str, context: str | None, configuration: Configuration) -> None:
    from kubernetes.config import ConfigException, load_kube_config

    try:
        why, plugin = _looked_through(file, context)
        if not why:
            with _hushed():
                load_kube_config(file, context, configuration, persist_config=False)
            if plugin and not configuration.api_key and not configuration.cert_file:
                why = f"its plug-in {plugin} gave no credentials. What kubectl says by it tells why."
    except ConfigException:
        why = "it names no cluster, or a file that is not there."
    except Exception:  # noqa: BLE001 (its parsers raise what they like, and quote the file in it)
        why = "it cannot be read."
    if why:
        raise UnusableError(f"the kubeconfig {file} cannot be used: {why}")


def _looked_through(file: str, context: str | None) -> tuple[str, str]:
    """Why the file or the context cannot be used, else nothing; and the program that gives credentials, if any."""
    from kubernetes.config.kube_config import KubeConfigMerger

    merged = KubeConfigMerger(file).config
    if merged is None:
        return "there is no such file.", ""
    contexts = {one["name"]: one["context"] for one in merged.value["contexts"]}
    chosen = context or merged.value.get("current-context")
    there = ", ".join(contexts) or "none"
    if not chosen:
        return f"it has no current context, but: {there}.", ""
    if chosen not in contexts:
        return f"it has no context {chosen!r}, but: {there}.{did_you_mean(chosen, contexts)}", ""
    user = contexts[chosen].safe_get("user")
    users = [one["user"] for one in merged.value["users"] if one["name"] == user]
    return "", users[0]["exec"]["command"] if users and "exec" in users[0] else ""


@contextmanager
def _hushed() -> Iterator[None]:
    """Without what the client logs of a plug-in that fails: all that the plug-in wrote."""

    def ours(record: logging.LogRecord) -> bool:
        return record.module != "kube_config"

    root = logging.getLogger()
    root.addFilter(ours)
    try:
        yield
    finally:
        root.removeFilter(ours)
