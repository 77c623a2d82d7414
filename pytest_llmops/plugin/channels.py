"""``channels`` as tests see them: messages to people, by the ways that the target names."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import Unsupported, Vacuous
from pytest_llmops.report.notifying import Delivery, Notifier
from pytest_llmops.state.notified import Notified
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from pytest_llmops.plugin.diagnostics import Diagnostics
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.plugin.triaging import Triage


class Channels:
    """The channels of a target.

    Args:
        run: this process's part of the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._notifier = Notifier(run.target)

    def __repr__(self) -> str:
        return repr(self._notifier).replace("Notifier", "Channels", 1)

    @property
    def names(self) -> list[str]:
        """The channels whose URLs are set."""
        return self._notifier.names

    def severities(self, channel: str) -> list[str]:
        """What is sent to a channel, by the names of the target's severities, from the worst on.

        Raises:
            Unsupported, ConfigError: the target has no such channel.
        """
        return self._notifier.severities(channel)

    def routed(self, severity: str) -> list[str]:
        """The channels that a severity is sent to.

        Raises:
            Unsupported: the target names no channel.
        """
        return self._notifier.routed(severity)

    def test(self, channel: str) -> Delivery:
        """Send a test message, once a run; none where the channel has taken a message of late (``test_every``).

        Raises:
            Unsupported: the target has no such channel, or its variable is not set.
            ConfigError: its URL is none, or the extra is not installed.
        """
        return Delivery(**self._run.directory.once(f"channel-{channel}", partial(self._tested, channel)))

    def tell(self, severity: str, title: str, body: str) -> list[Delivery]:
        """Send one message to every channel that the severity is sent to and whose URL is set.

        Args:
            severity: the name of one of the target's severities.
            title: one line.
            body: Markdown or plain text; secrets are taken out.

        Returns:
            What became of it, by channel; at least one.

        Raises:
            Unsupported: there is no such channel.
            ConfigError: a URL is none, or the extra is not installed.
        """
        routed = self.routed(severity)
        if not routed:
            raise Unsupported(f"no channel of target {self._run.declared.name} takes {severity}.")
        known = [name for name in routed if name in self.names]
        return [self._sent(name, title, body) for name in known or routed[:1]]  # the first says what it lacks

    def send(self, channel: str, title: str, body: str) -> Delivery:
        """Send a message by one channel, once.

        Raises:
            Unsupported: the target has no such channel, or its variable is not set.
            ConfigError: its URL is none, or the extra is not installed.
        """
        return self._sent(channel, title, body)

    def report(self, triage: Triage, diagnostics: Diagnostics) -> list[Delivery]:
        """Deliver the incident report where its severity goes; while there is no incident, a test message instead.

        Raises:
            Unsupported, ConfigError: as in `tell` and `test`.
        """
        if not triage.severity:
            return self._proven()
        title = f"{triage.severity} on {self._run.declared.name}"
        return self.tell(triage.severity, title, diagnostics.read(diagnostics.report.name))

    def alert(self, triage: Triage) -> list[Delivery]:
        """Send one message that lists every check that failed, and every limit that could not be judged.

        Where none failed, a test message by the same ways.

        Raises:
            Unsupported, ConfigError: as in `tell` and `test`.
            Vacuous: none is seen to have failed, and a limit that could not be judged may be broken.
        """
        from pytest_llmops.report.metric import so_many

        unseen = [f"- {one.title} could not be judged: {one.reason}" for one in triage.unseen("figure")]
        if not triage.evidence:
            if unseen:
                raise Vacuous(f"no check is seen to have failed, but a limit may be broken unseen: {unseen[0][2:]}.")
            return self._proven()
        failed = len(triage.evidence)
        lines = [*(f"- {one.title}: {one.reason}" for one in triage.evidence), *unseen]
        names = [one.name for one in self._run.declared.table.severities]
        severity = triage.severity or next(reversed(names), "")
        title = f"{severity or 'Alert'} on {self._run.declared.name}: {so_many(failed, 'check')} failed"
        return self.tell(severity, title, "\n".join(lines))

    def _proven(self) -> list[Delivery]:
        """A test message by each channel that the worst severity is sent to: nothing else shows that they are open."""
        worst = next((one.name for one in self._run.declared.table.severities), "")
        return [self.test(name) for name in self.routed(worst)]

    def _tested(self, channel: str) -> dict[str, Any]:
        notify = self._run.declared.table.notify
        at = None if self._run.own.embedded else self._memory.at(channel)
        if at is not None and 0 <= time.time() - at < notify.test_every:
            ago = spoken(time.time() - at)
            return Delivery(channel, accepted=True, said=f"channel {channel}: accepted a message {ago} ago").as_json()
        title = f"Test message of {self._run.declared.name}"
        return self._sent(channel, title, "This is a test of the channel. Nothing is wrong.").as_json()

    def _sent(self, channel: str, title: str, body: str) -> Delivery:
        delivery = self._notifier.send(channel, title, body)
        if delivery.accepted and not self._run.own.embedded:
            self._memory.note(channel, time.time())
        return delivery

    @property
    def _memory(self) -> Notified:
        return Notified(self._run.declared.state_folder, self._run.declared.name)
