"""Certificates: whom we trust, who we are, and in plain words why a TLS connection did not come about."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmops.target.component import Tls
    from pytest_llmops.target.load import Target


def trusted(target: Target, component: str, everyone: ssl.SSLContext) -> ssl.SSLContext:
    """The settings of TLS connections to a component.

    Args:
        target: the deployment.
        component: which of its endpoints.
        everyone: the settings that trust the usual authorities, for a component without ``ca``.

    Raises:
        ConfigError: a file of ``tls`` cannot be used; names it, and why.
    """
    tls = target.component(component).tls
    if tls is None:
        return everyone
    place = f"{target.where[:-1]}.components.{component}]"
    context = _with_ca(tls.ca, target.root, place) if tls.ca else everyone
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert:
        _show_ours(context, tls, target.root, place)
    return context


def _with_ca(ca: str, root: Path, place: str) -> ssl.SSLContext:
    path = _file(ca, "ca", root, place)
    try:
        return ssl.create_default_context(cafile=str(path))
    except ssl.SSLError:
        raise ConfigError(f"{place} tls.ca: {path} holds no certificate in PEM form.") from None
    except OSError as error:
        raise ConfigError(f"{place} tls.ca: {path} cannot be read: {error.strerror}.") from None


def _show_ours(context: ssl.SSLContext, tls: Tls, root: Path, place: str) -> None:
    cert = _file(tls.cert or "", "cert", root, place)
    key = _file(tls.key, "key", root, place) if tls.key else cert

    def no_password() -> str:
        raise ConfigError(
            f"{place} tls.{'key' if tls.key else 'cert'}: the key in {key} has a password, and nobody is there to type "
            f"it; write one without (openssl pkey -in {key.name} -out FILE) that only you can read."
        )

    try:
        context.load_cert_chain(str(cert), str(key), no_password)
    except ssl.SSLError as error:
        if "MISMATCH" in str(error):
            raise ConfigError(f"{place} tls.key: {key} is not the key of the certificate in {cert}.") from None
        lacks = (
            f"no certificate in {cert}, or no private key in {key}" if tls.key else f"not both in {cert}; name tls.key"
        )
        raise ConfigError(
            f"{place} tls.cert: a certificate and its private key are needed in PEM form: {lacks}."
        ) from None
    except OSError as error:
        raise ConfigError(f"{place} tls.cert: {cert} and {key} cannot be read: {error.strerror}.") from None


def _file(given: str, key: str, root: Path, place: str) -> Path:
    path = root / given
    if not path.is_file():
        raise ConfigError(f"{place} tls.{key}: there is no file {path}; paths are relative to llmops.toml.")
    return path


def trouble(error: BaseException, whose: str = "the server", *, ours: bool) -> str:
    """Why TLS failed; empty where the error has another cause. What to do is said where a probe fails.

    Args:
        error: as it came; what it was raised from is looked into.
        whose: who is at the other end.
        ours: whether we have shown a certificate.
    """
    found = next((cause for cause in causes(error) if isinstance(cause, ssl.SSLError)), None)
    if isinstance(found, ssl.SSLEOFError) and not ours:
        return f"{whose} ended it without a word; a certificate of ours (tls.cert) may be required"
    if found is None or isinstance(found, ssl.SSLZeroReturnError | ssl.SSLEOFError):
        return ""
    if isinstance(found, ssl.SSLCertVerificationError):
        return f"the certificate of {whose} does not verify: {found.verify_message.rstrip('.')}"
    reason = (found.reason or str(found)).replace("_", " ").lower()
    if "certificate required" in reason:
        return f"a certificate of ours (tls.cert) is required by {whose}"
    if "handshake failure" in reason and not ours:
        return f"{whose} ended it: {reason}; a certificate of ours (tls.cert) may be required"
    if "alert" in reason and ours:
        return f"{whose} does not accept our certificate (tls.cert): {reason.partition('alert ')[2]}"
    if "wrong version number" in reason or "record layer failure" in reason:
        return f"{whose} speaks no TLS there ({found.reason})"
    return f"{whose} and we do not agree: {reason}"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it was raised from, newest first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
