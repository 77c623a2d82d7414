"""What Grafana shows: dashboards by row, and whether the sources behind them answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ABOVE = ""
"""The title of what stands above the first row."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel.

    Attributes:
        title: as it is shown.
        queries: the expressions that it draws.
    """

    title: str
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of panels.

    Attributes:
        title: as it is shown; empty for panels that stand above the first row.
        panels: in their order.
    """

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard.

    Attributes:
        uid: its stable name.
        title: as it is shown.
        rows: in their order.
    """

    uid: str
    title: str
    rows: tuple[Row, ...]

    @property
    def panels(self) -> list[Panel]:
        """The panels of all rows."""
        return [panel for row in self.rows for panel in row.panels]

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """From ``/api/dashboards/uid/…``."""
        board = item["dashboard"]
        rows: dict[str, list[Panel]] = {}
        for title, panels in _by_row(board.get("panels") or []):
            rows.setdefault(title, []).extend(panels)
        return cls(
            uid=board["uid"],
            title=board["title"],
            rows=tuple(Row(title, tuple(panels)) for title, panels in rows.items() if panels or title != ABOVE),
        )


def _by_row(items: list[Mapping[str, Any]]) -> Iterator[tuple[str, list[Panel]]]:
    """Panels under the row that stands before them; a collapsed row holds its own."""
    title = ABOVE
    for item in items:
        if item["type"] == "row":
            title = item["title"]
            yield title, [_panel(one) for one in item.get("panels") or []]
        else:
            yield title, [_panel(item)]


def _panel(item: Mapping[str, Any]) -> Panel:
    targets = item.get("targets") or []
    return Panel(str(item.get("title", "")), tuple(target["expr"] for target in targets if target.get("expr")))


@dataclass(frozen=True, slots=True)
class Source:
    """Where panels get their numbers from.

    Attributes:
        uid, name: of the source.
        kind: ``prometheus`` and so on.
    """

    uid: str
    name: str
    kind: str
