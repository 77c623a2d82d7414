"""What files, logs and commands of the application have in common: they lie in a folder, and have names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmops.errors import Unsupported, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target

Named = TypeVar("Named")


class InFolder:
    """A component that lies in a folder.

    Args:
        target: the deployment.
        component: its name there.
        ledger: where looks, readings and runs are counted.

    Attributes:
        part: its table; each kind says of which type it is.
        root: the folder.
        address: the folder, as it is shown.
    """

    part: Any

    def __init__(self, target: Target, component: str, ledger: Ledger) -> None:
        self.target = target
        self.component = component
        self.part = target.component(component)
        self.ledger = ledger
        self.root = target.root / self.part.root
        self.address = str(self.root)

    def named(self, kind: str, name: str, known: Mapping[str, Named]) -> Named:
        """What a name stands for.

        Args:
            kind: of thing, in a word.
            name: that was given.
            known: what there is, by name.

        Raises:
            Unsupported: it is none of them.
        """
        if name not in known:
            raise Unsupported(
                f"{self.component}: target {self.target.name} has no {kind} {name!r}.{did_you_mean(name, known)} "
                f"It has: {', '.join(known) or 'none'}."
            )
        return known[name]
