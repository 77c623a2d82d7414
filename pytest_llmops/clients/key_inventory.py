"""The inventory of a target's keys: how old each is, who has what role, and which nobody uses; never a key itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, Unsupported, Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.files import Files
    from pytest_llmops.target.security import Keys

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key.

    Attributes:
        name: by which people speak of it, such as the variable that holds it.
        created: when it was made.
        last_used: when somebody last used it; None where nobody keeps that.
        retired: since when it must not be taken any more; None: it is in use.
        role: that it has; empty where it is of another system.
        fingerprint: the first twelve digits of the SHA-256 of the key; empty where nobody compares it.
    """

    name: str
    created: dt.date
    last_used: dt.date | None = None
    retired: dt.date | None = None
    role: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class InUse:
    """A key that the application takes.

    Attributes:
        number: of its entry in what the application reads.
        fingerprint: the first twelve digits of its SHA-256.
        role: that it has; empty where the application knows none of the name that is written there. Such a name is not
            repeated: where somebody has put the two in the wrong order, it is the key.
    """

    number: int

    fingerprint: str
    role: str

    def named(self, known: Mapping[str, Key]) -> str:
        """How people speak of it, by the inventory; else by its entry."""
        key = known.get(self.fingerprint)
        return key.name if key else f"entry {self.number} of {self.fingerprint}"


class KeyInventory:
    """The keys of a target by its inventory, a TOML file with a table ``keys.NAME`` of each.

    Args:
        files: where the inventory lies.
        app: makes the application's commands, when those keys are asked for that it takes.
        table: the target's ``security.keys``.
        today: the date.
    """

    def __init__(self, files: Files, app: Callable[[], AppCommands], table: Keys, today: Callable[[], dt.date]) -> None:
        self._files = files
        self._app = app
        self._table = table
        self._today = today

    @property
    def replaced(self) -> str:
        """The role, of the API's ``auth.roles``, whose key was replaced by another.

        Raises:
            Unsupported: the target names none.
        """
        if not self._table.replaced:
            raise Unsupported("the target names no key that was replaced; give it security.keys.replaced.")
        return self._table.replaced

    def keys(self) -> list[Key]:
        """All of them, also those that are retired.

        Raises:
            Unsupported: the target has no inventory.
            CallFailed: it cannot be read, names no key, or lacks when one was made (kind ``bad-answer``).
        """
        found = self._files.found(self._table.inventory)
        document: Any = {}
        for fact in found.facts:
            try:
                document = found.read(fact)
                tables = document["keys"].items()
                keys = [_key(str(name), table) for name, table in tables]
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise self._unreadable(f"{fact.name} is no inventory of keys: {error!r}") from None
            if keys:
                return keys
        raise self._unreadable(f"{found.facts[0].name} names no key")

    def ages(self) -> dict[str, float]:
        """Name to age, in days, of the keys that are in use.

        Raises:
            CallFailed: as `keys`; also a key is made in the future.
        """
        today = self._today()
        ages = {key.name: (today - key.created) / DAY for key in self.keys() if key.retired is None}
        early = [name for name, age in ages.items() if age < -1]  # a day: the inventory knows no timezone
        if early:
            raise self._unreadable(f"{', '.join(early)} is said to be made in the future")
        return {name: max(0.0, age) for name, age in ages.items()}

    def idle(self) -> dict[str, float]:
        """Name to days since it was last used, of the keys of the application that are in use.

        Raises:
            CallFailed: as `keys`.
            Vacuous: of one nobody keeps when it was used; or the inventory has no key of the application.
        """
        own = [key for key in self.keys() if key.retired is None and key.role]
        if not own:
            raise Vacuous("keys: the inventory names no key of the application, none with a role.")
        unknown = [key.name for key in own if key.last_used is None]
        if unknown:
            raise Vacuous(
                f"keys: nobody keeps when these were last used: {', '.join(unknown)}; give each a last_used in the "
                "inventory."
            )
        return {key.name: max(0.0, (self._today() - key.last_used) / DAY) for key in own if key.last_used}

    def in_use(self) -> tuple[frozenset[str], list[InUse]]:
        """The roles that there are, and the keys that the application takes, by its own words.

        Raises:
            CallFailed: it does not say it (kind ``bad-answer``).
            Unsupported: the target has no such command.
        """
        app = self._app()
        said = app.json(self._table.in_use)
        try:
            keys = [InUse(at, str(one["fingerprint"]), one["role"] or "") for at, one in enumerate(said["keys"], 1)]
            return frozenset(map(str, said["roles"])), keys
        except (KeyError, TypeError) as error:
            raise CallFailed(
                app.component, "bad-answer", f"{app.component}: {self._table.in_use}: {error!r} is not there."
            ) from None

    def wrong(self) -> list[str]:
        """Sentences of what the application takes and must not, and of what the inventory says and is not so.

        Raises:
            CallFailed: as `keys` and `in_use`.
            Unsupported: as `keys` and `in_use`.
            Vacuous: the application takes no key, and the inventory has none of it.
        """
        roles, taken = self.in_use()
        known = {key.fingerprint: key for key in self.keys() if key.fingerprint}
        said = []
        for one in taken:
            key = known.get(one.fingerprint)
            if one.role not in roles:
                said.append(f"{one.named(known)} has a role that there is not, of {', '.join(sorted(roles))}")
            elif key is None:
                said.append(f"{one.named(known)}, with the role {one.role}, is in no inventory")
            elif key.retired is not None:
                said.append(f"{key.name} is retired since {key.retired}, and is still taken")
            elif key.role != one.role:
                said.append(f"{key.name} has the role {one.role}, and by the inventory {key.role or 'none'}")
        there = {one.fingerprint for one in taken}
        gone = [key.name for key in known.values() if key.retired is None and key.role and key.fingerprint not in there]
        if not (taken or gone):
            raise Vacuous("keys: the application takes no key, and the inventory has none of it.")
        return said + [f"{name} is in the inventory, and the application does not take it" for name in gone]

    def _unreadable(self, what: str) -> CallFailed:
        return CallFailed(self._files.component, "bad-answer", f"{self._files.component}: {what}.")


def _key(name: str, table: Mapping[str, Any]) -> Key:
    created, used, retired = (_date(table.get(word)) for word in ("created", "last_used", "retired"))
    if created is None:
        raise ValueError(f"{name} lacks created, the date when it was made")
    return Key(name, created, used, retired, str(table.get("role", "")), str(table.get("fingerprint", "")))


def _date(value: Any) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    if value is None or isinstance(value, dt.date):
        return value
    return dt.date.fromisoformat(str(value))
