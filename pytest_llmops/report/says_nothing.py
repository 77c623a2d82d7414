"""What can say nothing, collected in one place: the findings of the lint, and checks that came to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CHECK = "check"
"""The kind of an entry that is a check and no finding of the lint."""


def collected(findings: Iterable[Mapping[str, str]], checks: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """One entry for each thing that can say nothing, as in ``run.json``.

    Args:
        findings: of the lint, where it ran.
        checks: of the run; what a vacuous one says beyond the lint's findings is an entry of its own.
    """
    entries = [dict(one) for one in findings]
    said = {f"{one['kind']} {one['what']}: {one['why']}" for one in entries}
    for check in checks:
        if check["category"] != "vacuous":
            continue
        lines = check["reason"].removeprefix("vacuous: ").splitlines()
        own = [line for line in lines if line not in said]
        if own:
            entries.append({"kind": CHECK, "what": check["test"], "why": own[0], "known": ""})
    return entries


def by_kind(entries: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """Names by kind, in the order in which they were found."""
    found: dict[str, list[str]] = {}
    for one in entries:
        found.setdefault(one["kind"], []).append(one["what"])
    return found


def line_of(entry: Mapping[str, str]) -> str:
    """One entry in one line, with the profile's own words where it knew."""
    known = f" (known: {entry['known']})" if entry["known"] else ""
    return f"{entry['kind']} {entry['what']}: {entry['why']}{known}"
