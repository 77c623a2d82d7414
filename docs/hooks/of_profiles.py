"""A page for each profile: components, routes, thresholds, what can say nothing, what it lacks, its procedures."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from of_reference import cell, cell_words, code, plain

from pytest_llmops.procedures.bindings import bindings
from pytest_llmops.procedures.catalogue import of_system
from pytest_llmops.target import profiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

from of_reference import ROOT


@cache
def profile_pages() -> dict[str, str]:
    """Path within the site to Markdown, by the profiles' names."""
    bound = {one for found in bindings(ROOT / "suites") for one in found.procedures}
    return {f"profiles/{name}.md": page(name, bound) for name in profiles.names()}


def page(name: str, bound: set[str]) -> str:
    """One profile."""
    values = profiles.read(name)
    parts = [
        f"# {name}",
        introduction(name),
        told(name, values),
        components(values["components"]),
        thresholds(values.get("thresholds", {})),
        reasons("What can say nothing there", values.get("vacuous", []), "The checks of these are *vacuous*, by name."),
        lacks(values.get("security", {}).get("lacks", {})),
        procedures(values.get("system", ""), bound),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def introduction(name: str) -> str:
    """The comment that its file begins with."""
    folder = ROOT / "pytest_llmops" / "target" / "profiles"
    file = folder / f"{name}.toml"
    lines = (file if file.is_file() else folder / name / "system.toml").read_text(encoding="utf-8").splitlines()
    said: list[str] = []
    for line in lines:
        if not line.startswith("#"):
            break
        said.append(line.removeprefix("#").strip())
    return cell_words(plain(" ".join(said)))


def told(name: str, values: Mapping[str, Any]) -> str:
    """How to get it, and what it stands on."""
    under = profiles.under(name)
    below = f" Extends [{under}]({under}.md)." if under in profiles.names() else ""
    system = f" Its runbook: `{values['system']}`." if values.get("system") else ""
    embedded = "sandbox" if name == "sandbox" else f"sandbox:{name}"
    return (
        f'`profile = "{name}"` in `[targets.NAME]` of `llmops.toml`.{below}{system} On the embedded stack:\n\n'
        f"    pytest -m daily --llmops-target {embedded}\n"
        f"    llmops sandbox --profile {name} --list-faults"
    )


def rows(head: Sequence[str], found: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *found]]
    return "\n".join(lines)


def components(table: Mapping[str, Any]) -> str:
    """What it consists of, and the routes of each; services stand by their own names."""
    named = {name: part for name, part in table.items() if name not in {"services", "workers"}}
    for group in ("services", "workers"):
        named |= dict(table.get(group, {}))
    listed = ", ".join(f"`{name}`" for name in named)
    found = [
        (f"`{name}`", f"`{key}`", code(f"{route.get('method', 'GET')} {route.get('path', '')}".strip()))
        for name, part in named.items()
        for key, route in part.get("routes", {}).items()
    ]
    told = f"## Components and routes\n\n{listed}"
    return f"{told}\n\n{rows(('component', 'route', 'how it is asked'), found)}" if found else told


def thresholds(table: Mapping[str, Any]) -> str:
    """What is judged by which limits."""
    found = []
    for metric, limits in table.items():
        levels = [limits.get(level, "") for level in ("target", "warning", "critical")]
        found.append(
            [code(metric), *(code(str(limit)) if limit else "" for limit in levels), cell(str(limits.get("for", "")))]
        )
    told = "## Thresholds\n\nA row counts only where something measures the metric; your own file overrides it."
    return f"{told}\n\n{rows(('metric', 'target', 'warning', 'critical', 'for'), found)}"


def reasons(title: str, entries: Sequence[Mapping[str, str]], about: str) -> str:
    """What can say nothing, and why."""
    if not entries:
        return ""
    found = [(entry["kind"], f"`{entry['what']}`", cell(entry["why"])) for entry in entries]
    return f"## {title}\n\n{about}\n\n{rows(('kind', 'what', 'why'), found)}"


def lacks(table: Mapping[str, str]) -> str:
    """What it has no part for."""
    if not table:
        return ""
    found = [(f"`{name}`", cell(why)) for name, why in table.items()]
    told = "## What it lacks\n\nThe checks that need one of these are *unsupported*, with this reason."
    return f"{told}\n\n{rows(('what', 'why'), found)}"


def procedures(system: str, bound: set[str]) -> str:
    """The steps of its runbook: how many of each section a test carries out."""
    if not system:
        return ""
    sections: dict[str, list[bool]] = {}
    for one in of_system(system).values():
        sections.setdefault(one.section, []).append(one.id in bound)
    found = [(cell(section), str(len(steps)), str(sum(steps))) for section, steps in sections.items()]
    told = (
        "## The runbook's steps\n\n"
        "The others are a person's: `llmops procedures` lists them, `llmops sign-off` notes them."
    )
    return f"{told}\n\n{rows(('section', 'steps', 'by a test'), found)}"
