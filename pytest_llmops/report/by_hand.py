"""A target that is not as it was, on a page of Markdown: what of it, why, and what a person has to type."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from pytest_llmops.report.markdown import escaped, named

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANGED = "the target is NOT as it was"
UNKNOWN = "nobody knows whether the target is as it was"
RECOVER = (
    "**left changed**: `llmops recover` beside llmops.toml; until it has found all as it was, no disruptive test runs "
    "on the target, and other results may be of what is left changed"
)


def in_words(left: Sequence[dict[str, Any]]) -> str:
    """For a heading; empty where all is as it was.

    Args:
        left: as in ``run.json``.
    """
    if not left:
        return ""
    return CHANGED if any(one["component"] for one in left) else UNKNOWN


def section(left: Sequence[dict[str, Any]]) -> list[str]:
    """Lines of Markdown: a bullet for each component, then all commands, whole and in the order in which to type them.

    Args:
        left: as in ``run.json``.
    """
    bullets = [_bullet(one) for one in left]
    commands = list(chain.from_iterable(one["by_hand"] for one in left))
    if not commands:
        return bullets
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall("`+", "\n".join(commands)))])
    return [*bullets, "", "By hand, then `llmops recover`, which looks whether it is so:", "", fence, *commands, fence]


def _bullet(one: dict[str, Any]) -> str:
    if not one["component"]:
        return f"- **{UNKNOWN}**: {escaped(one['why'])}"
    was = f"was {one['state']} before {one['act']} in {named(one['test'])}, and is to be so again"
    return f"- **{escaped(one['component'])}** ({escaped(one['what'])}) {was}: {escaped(one['why'])}"
