"""A deployment as one process of a run sees it: its addresses, its clients, its ledger, what preflight found."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError, Unreachable, Unsupported
from pytest_llmops.target.tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.preflight import Preflight
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.state.run_directory import RunDirectory
    from pytest_llmops.target.load import Target

SANDBOX = "sandbox"
"""The fact that an embedded deployment's addresses and keys are, in its part of the run directory."""

TOKENS = "tokens"
"""The folder of its part of the run directory in which its processes tell each other what logging in brought."""


class Deployment:
    """The target of a run, or the one that is called in turns with it.

    Args:
        declared: as the file and its profile say, before an embedded one has addresses.
        path: its part of the run directory; made when something is first kept there.
        said: what sentences call it; empty for the target, which goes without saying.
    """

    def __init__(self, declared: Target, path: Path, said: str = "") -> None:
        self.declared = replace(declared, tokens=Tokens(path / TOKENS))
        self.path = path
        self.said = said
        self._clients: dict[str, Client] = {}

    def __repr__(self) -> str:
        return f"Deployment({self.declared.name})"

    @property
    def embedded(self) -> bool:
        """Whether the plugin starts it."""
        return self.declared.table.embedded

    @property
    def placed(self) -> bool:
        """Whether its addresses and keys are known: of an embedded one they are once its sandbox runs."""
        return not self.embedded or (self.path / f"{SANDBOX}.json").exists()

    @cached_property
    def target(self) -> Target:
        """The target with addresses: for an embedded one, those of the sandbox of this run."""
        if not self.embedded:
            return self.declared
        from pytest_llmops.control.embedded import placed

        return placed(self.declared, self.directory.read(SANDBOX))

    @cached_property
    def directory(self) -> RunDirectory:
        """What this run's processes know of it, on disk."""
        from pytest_llmops.state.run_directory import RunDirectory

        return RunDirectory(self.path)

    @cached_property
    def ledger(self) -> Ledger:
        """Where calls to it are counted, against its own budget."""
        from pytest_llmops.state.ledger import Ledger

        return Ledger(self.directory.path / "ledger", self.declared.table.budget)

    def client(self, component: str) -> Client:
        """The one client of a component in this process."""
        if component not in self._clients:
            from pytest_llmops.clients.client import connect

            self._clients[component] = connect(self.target, component, self.ledger)
        return self._clients[component]

    def component_of(self, client: object) -> str | None:
        """Whose client it is; None if it is none of this deployment's."""
        return next((name for name, known in self._clients.items() if known is client), None)

    def preflight(self, component: str) -> Preflight:
        """What the run's one probe of a component found; made by the first process that needs it."""
        from pytest_llmops.clients.preflight import Preflight, preflight

        deadline_s = self.declared.table.preflight_deadline
        found = self.directory.once(
            f"preflight-{component}", lambda: preflight(self.client(component), deadline_s).as_json()
        )
        return Preflight(**found)

    def reached(self, component: str, *, required: bool = False) -> Client:
        """The client of a component, once preflight has passed.

        Args:
            component: its name in the target.
            required: whether it is required whatever the target says.

        Raises:
            Unreachable: it has not.
        """
        found = self.preflight(component)
        if not found.ok:
            needed = required or self.declared.component(component).required
            raise Unreachable(component, self.worded(found.reason), required=needed)
        return self.client(component)

    def serving(self, role: str) -> Client:
        """The client of the component that serves a fixture, once preflight has passed.

        Raises:
            Unsupported: there is no such component.
            Unreachable: preflight failed.
        """
        component = self.declared.table.components.serving(role)
        if component is None:
            raise Unsupported(f"target {self.declared.name} has no component that serves {role!r}.")
        return self.reached(component)

    def worded(self, text: str) -> str:
        """A sentence that says whom it is about, where that does not go without saying."""
        return f"{self.said}: {text}" if self.said else text

    def outcome(self) -> dict[str, Any]:
        """What the run found of it and cost it, as ``twin`` in ``run.json``."""
        return {
            "called": self.said,
            "profile": self.declared.table.profile,
            "environment": self.declared.table.environment,
            "preflight": list(self.directory.known("preflight-").values()),
            "spent": asdict(self.ledger.spent()),
        }

    def secrets(self) -> list[str]:
        """The values that are secret; none where they are not known, which is said elsewhere."""
        if not self.placed:
            return []
        try:
            return [value for values in self.target.known_secrets().values() for value in values]
        except LlmopsError:
            return []

    def close(self) -> None:
        """Give connections back."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
