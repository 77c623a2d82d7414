"""The end of a run, told: to each place what is new for it, once. What was not taken is told by the next run."""

from __future__ import annotations

from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, ConfigError, LlmopsError
from pytest_llmops.report.links import job_link
from pytest_llmops.report.metric import so_many
from pytest_llmops.report.news import after, changes, states
from pytest_llmops.report.news_alerts import alerts
from pytest_llmops.report.news_text import body, title
from pytest_llmops.report.notifying import Delivery, Notifier
from pytest_llmops.state.news import News
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.news import ALERTMANAGER
from pytest_llmops.target.secrets import without_userinfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pytest_llmops.state.news import Red, Told
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.news import Alerts

MARGIN_S = 1.0
"""That a message may take beside its deadline: one that has a deadline of its own says more when it is over."""

TURN_S = 60.0
"""How long another run of the same target is waited for that is telling."""


def tell(
    target: Target, result: Mapping[str, Any], at: float, folder: Path, *, embedded: bool = False
) -> list[dict[str, Any]]:
    """Tell what is new of a target's checks. No place is told the same twice, and none keeps another from its own.

    Args:
        target: whose channels they are, with addresses.
        result: the run as in ``run.json``, without secrets.
        at: its end, seconds since the epoch.
        folder: where its reports are.
        embedded: whether the messages stay in an embedded sandbox, whose ports are others in each run.

    Returns:
        ``news`` of ``run.json``: what became of each message, and of each that could not be sent.
    """
    news, entries = News(target.state_folder, target.name), []
    try:
        with news.alone(TURN_S):
            for entry in _Telling(target, result, at, folder, news, embedded=embedded).told():
                entries.append(entry)  # noqa: PERF402 (those before an error count)
    except LlmopsError as error:
        entries.append(_entry("", 0, Delivery("", accepted=False, said=str(error))))
    return entries


class _Telling:
    def __init__(
        self, target: Target, result: Mapping[str, Any], at: float, folder: Path, news: News, *, embedded: bool
    ) -> None:
        self._target = target
        self._embedded = embedded
        self._notify = target.table.notify
        self._at = at
        self._news = news
        self._book: Told = news.read()
        self._book.forget(at - target.config.history.keep)
        self._now = states(result["checks"])
        template = self._notify.news.link
        report = template.format(target=target.name, run=result["id"]) if template else ""
        job = job_link(target.environ)
        self._links = {what: where for what, where in (("report", report), ("job", job)) if where}
        self._links = self._links or {"report": str(folder)}
        self._link = report or job

    def told(self) -> Iterator[dict[str, Any]]:
        self._news.write(self._book)  # where that cannot be done, each run would tell the same again
        notifier = Notifier(self._target)
        for channel in self._notify.all_channels:
            try:
                urls = notifier.urls(channel)
            except LlmopsError as error:
                yield _entry(channel, 0, Delivery(channel, accepted=False, said=str(error)))
                continue
            for url in urls:
                yield from self._message(notifier, channel, url)
        if self._notify.alertmanager is not None:
            yield from self._alerts(self._notify.alertmanager)

    def _message(self, notifier: Notifier, channel: str, url: str) -> Iterator[dict[str, Any]]:
        place = self._book.name(channel, "" if self._embedded else url)
        takes = self._notify.takes(channel)
        known = self._book.places.get(place, {})
        new, known_after = changes(known, self._now, takes), after(known, self._now, takes, self._at)
        if not new:
            self._keep(place, known_after)
            return
        still = len(known_after.keys() - {one.now.check for one in new})
        subject, text = title(self._target.name, new), body(new, still, self._at, self._links)
        try:
            notifier.load()
        except ConfigError as error:
            yield _entry(channel, len(new), Delivery(channel, accepted=False, said=str(error)))
            return
        delivery = self._within(channel, lambda: notifier.send(channel, subject, text, url))
        yield _entry(channel, len(new), delivery)
        if delivery.accepted:
            self._keep(place, known_after)

    def _alerts(self, table: Alerts) -> Iterator[dict[str, Any]]:
        takes, limit = self._notify.takes(ALERTMANAGER), self._notify.news.deadline
        try:
            target = _with_alertmanager(self._target, table)
            url = target.component(ALERTMANAGER).url or ""
        except ConfigError as error:
            yield _entry(ALERTMANAGER, 0, Delivery(ALERTMANAGER, accepted=False, said=str(error)))
            return
        place = self._book.name(ALERTMANAGER, url)
        known = self._book.places.get(place, {})
        new = changes(known, self._now, takes)
        known_after = after(known, self._now, takes, self._at)
        known_after = {check: red for check, red in known_after.items() if red.seen + table.expires > self._at}
        labels = {**table.labels, "target": self._target.name}
        posted = alerts(known, known_after, labels, expires_s=table.expires, at=self._at, link=self._link)
        if not posted:
            return
        said = f"told at {without_userinfo(url)}: {len(known_after)} firing, {len(posted) - len(known_after)} resolved"
        delivery = self._within(ALERTMANAGER, lambda: _posted(target, posted, limit, said))
        if new or not delivery.accepted:
            yield _entry(ALERTMANAGER, len(new), delivery)
        if delivery.accepted:
            self._keep(place, known_after)

    def _keep(self, place: str, known: dict[str, Red]) -> None:
        """On disk at once: what comes next may take long, or end with the process."""
        if known != self._book.places.get(place, {}):
            self._book.places[place] = known
            self._news.write(self._book)

    def _within(self, place: str, send: Callable[[], Delivery]) -> Delivery:
        """What became of a message within the deadline; a service that hangs is left behind."""
        limit, found = self._notify.news.deadline, []

        def act() -> None:
            try:
                found.append(send())
            except LlmopsError as error:
                found.append(Delivery(place, accepted=False, said=str(error)))
            except Exception as error:  # noqa: BLE001 (services' own modules; whatever it is, it is no verdict)
                found.append(Delivery(place, accepted=False, said=f"channel {place}: {type(error).__name__}: {error}"))

        thread = Thread(target=act, daemon=True)
        thread.start()
        thread.join(limit + MARGIN_S)
        late = f"channel {place}: not accepted: no answer within {spoken(limit)} (news.deadline)."
        return found[0] if found else Delivery(place, accepted=False, said=late)


def _posted(target: Target, posted: list[dict[str, Any]], deadline_s: float, said: str) -> Delivery:
    from pytest_llmops.clients.alertmanager import Alertmanager
    from pytest_llmops.clients.http import Http
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.state.scratch import scratch_folder
    from pytest_llmops.target.models import Budget

    config = target.table.components.alertmanager
    assert config is not None
    with scratch_folder() as folder:  # a ledger of its own: what a run may cost its target says nothing of this
        client = Alertmanager(Http(target, ALERTMANAGER, Ledger(folder / "ledger", Budget())), config)
        try:
            client.send(posted, deadline_s=deadline_s)
        except CallFailed as error:
            return Delivery(ALERTMANAGER, accepted=False, said=f"not accepted: {error}")
        finally:
            client.close()
    return Delivery(ALERTMANAGER, accepted=True, said=f"alertmanager: {said}")


def _with_alertmanager(target: Target, table: Alerts) -> Target:
    """The target with the Alertmanager that is told in the place of its own.

    Raises:
        ConfigError: neither is there.
    """
    component = table.component()
    if component is None:
        if target.table.components.alertmanager is None:
            raise ConfigError(
                f"{target.where[:-1]}.notify.alertmanager] has no url, and the target no component alertmanager; "
                "give it one of them."
            )
        return target
    components = target.table.components.replaced({ALERTMANAGER: component})
    return replace(target, table=target.table.model_copy(update={"components": components}))


def _entry(channel: str, changed: int, delivery: Delivery) -> dict[str, Any]:
    return {"channel": channel, "changes": changed, "accepted": delivery.accepted, "said": delivery.said}


def lines(news: list[dict[str, Any]]) -> Iterator[tuple[str, bool]]:
    """What is said of it at the terminal, and whether that is a warning."""
    for one in news:
        if one["accepted"]:
            yield f"told         {one['channel']}: {so_many(one['changes'], 'change')}", False
        else:
            owed = "; the next run tells it" if one["changes"] else ""
            yield f"WARNING      not told: {one['said'].rstrip('.')}{owed}", True
