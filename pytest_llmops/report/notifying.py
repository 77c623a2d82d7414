"""Messages to people, by the channels that a target names. Needs the extra ``[notify]``."""

from __future__ import annotations

import re
import warnings
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError, NotInstalled, Unsupported, did_you_mean
from pytest_llmops.target.secrets import Redactor

if TYPE_CHECKING:
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.severities import Channel


BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z0-9]+://)")
"""What stands between two apprise URLs: one may hold commas itself."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message.

    Attributes:
        channel: its name.
        accepted: whether all services of the channel took it.
        said: one line, without any secret.
    """

    channel: str
    accepted: bool
    said: str

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


class Notifier:
    """Sends by the channels of one target.

    Args:
        target: whose ``notify`` table names them, and in whose environment their URLs are.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._channels = target.table.notify.all_channels

    def __repr__(self) -> str:
        return f"Notifier({', '.join(self._channels) or 'no channel'})"

    @property
    def names(self) -> list[str]:
        """The channels whose URLs are set."""
        return [name for name, channel in self._channels.items() if self._target.environ.get(channel.url_env)]

    def routed(self, severity: str) -> list[str]:
        """The channels that a severity is sent to, whether or not their URLs are set.

        Raises:
            Unsupported: the target names no channel.
        """
        self._some()
        return [name for name, channel in self._channels.items() if severity in (channel.severities or [severity])]

    def severities(self, channel: str) -> list[str]:
        """What is sent to a channel, by the names of the target's severities, from the worst on.

        Raises:
            Unsupported, ConfigError: the target has no such channel.
        """
        only = self._channel(channel).severities
        return [one.name for one in self._target.table.severities if not only or one.name in only]

    def urls(self, channel: str) -> list[str]:
        """The URLs of a channel, each by itself; secret.

        Raises:
            Unsupported, ConfigError: the target has no such channel, or its variable is not set.
        """
        return BETWEEN.split(self._urls(channel).strip(" ,"))

    def load(self) -> None:
        """Load the library and all its services now, which may take seconds: before a clock runs.

        Raises:
            NotInstalled: the extra is not.
        """
        _check_installed()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the services' own modules, all of which are looked at
            from apprise import Apprise

            Apprise().add("json://localhost")

    def send(self, channel: str, title: str, body: str, url: str = "") -> Delivery:
        """Send a message by one channel, once.

        Args:
            channel: its name.
            title: one line.
            body: plain text or Markdown, without secrets already; those that are known are taken out here, too.
            url: only to this one of its URLs; empty: to all.

        Raises:
            Unsupported: the target has no such channel, or its variable is not set.
            ConfigError: it has a similar one, or its URL is none.
            NotInstalled: the extra is not.
        """
        urls = self._urls(channel)
        known = [secret for values in self._target.known_secrets().values() for secret in values]
        redactor = Redactor([*known, *self._target.secret_in(urls)])
        accepted, said = _sent(url or urls, redactor.clean(title), redactor.clean(body), channel, redactor)
        why = f"{said or 'no reason was given'}".rstrip(".")
        variable = self._channel(channel).url_env
        outcome = "accepted" if accepted else f"not accepted: {why}. Its URL is taken from {variable}."
        return Delivery(channel, accepted, f"channel {channel}: {outcome}")

    def _urls(self, channel: str) -> str:
        variable = self._channel(channel).url_env
        urls = self._target.environ.get(variable, "").strip()
        if not urls:
            raise Unsupported(
                f"channel {channel}: its URL is taken from the environment variable {variable}, which is not set."
            )
        return urls

    def _channel(self, name: str) -> Channel:
        self._some()
        if name not in self._channels:
            near = did_you_mean(name, self._channels)
            said = f"target {self._target.name} has no channel {name!r}.{near} Channels: {', '.join(self._channels)}."
            raise ConfigError(said) if near else Unsupported(said)
        return self._channels[name]

    def _some(self) -> None:
        if not self._channels:
            raise Unsupported(
                f"target {self._target.name} names no channel; "
                f'give it one: [targets.{self._target.name}.notify] urls_env = "VARIABLE"'
            )


def _check_installed() -> None:
    if find_spec("apprise") is None:
        raise NotInstalled("notifications need apprise: run pip install 'pytest-llmops[notify]'.")


def _sent(urls: str, title: str, body: str, channel: str, redactor: Redactor) -> tuple[bool, str]:
    """Whether it was accepted, and what apprise says of it, in one line."""
    _check_installed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the services' own modules, all of which are looked at
        return _by_apprise(urls, title, body, channel, redactor)


def _by_apprise(urls: str, title: str, body: str, channel: str, redactor: Redactor) -> tuple[bool, str]:
    import logging

    from apprise import Apprise, AppriseAsset, LogCapture, NotifyFormat, OverflowMode, PersistentStoreMode

    asset = AppriseAsset(
        app_id="pytest-llmops",
        app_desc="pytest-llmops",
        app_url="",
        image_url_mask=None,
        image_url_logo=None,
        async_mode=False,
        storage_mode=PersistentStoreMode.MEMORY,  # nothing of ours is left in the user's home
    )
    with LogCapture(level=logging.WARNING, fmt="%(message)s") as heard:  # type: ignore[no-untyped-call]
        apprise = Apprise(asset=asset)
        if not apprise.add(urls):
            said = redactor.clean(_line(heard.getvalue()))
            raise ConfigError(f"channel {channel}: its variable holds no URL that apprise knows: {said}")
        for service in apprise:
            if service.overflow_mode == OverflowMode.UPSTREAM:  # what is too long it would refuse, in every run again
                service.overflow_mode = OverflowMode.TRUNCATE
        # Else mail is said to be HTML: lines run together, and <words> are lost.
        accepted = bool(apprise.notify(title=title, body=body, body_format=NotifyFormat.TEXT))
        said = redactor.clean(_line(heard.getvalue()))
    return accepted, said


def _line(text: str) -> str:
    return " ".join(text.split())
