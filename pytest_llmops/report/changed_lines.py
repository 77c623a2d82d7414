"""What is said at the terminal of what a run did to its target: how much is as it was again, and what is not."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from pytest_llmops.report.incident_lines import INDENT
from pytest_llmops.report.metric import so_many
from pytest_llmops.state.story import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmops.state.story import Act

NOTHING_STAYS = ("taken back", "refused")


def changed_lines(acts: Sequence[Act], width: int) -> Iterator[str]:
    """The lines; none where nothing was done. Each act is counted, or stands in one of them.

    Args:
        acts: of the run, as its journals tell.
        width: columns.
    """
    if not acts:
        return
    taken_back, refused = (sum(act.outcome == outcome for act in acts) for outcome in NOTHING_STAYS)
    also = f", {refused} refused" if refused else ""
    yield f"changed      {so_many(len(acts), 'act')}, {taken_back} of them taken back{also}"
    alike: dict[tuple[str, str], list[str]] = {}
    for act in acts:
        if act.outcome not in NOTHING_STAYS:
            alike.setdefault((act.what.partition(" (")[0], act.became), []).append(act.act)
    for (what, became), done in alike.items():
        line = f"{in_words(done, what)}: {became}"
        yield from textwrap.wrap(
            line,
            width,
            initial_indent=INDENT,
            subsequent_indent=INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        )
