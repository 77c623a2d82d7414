"""What creeps, in words: by how much, and since which run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.target.moments import moment

if TYPE_CHECKING:
    from collections.abc import Mapping


def said(one: Mapping[str, Any]) -> str:
    """One in a sentence: how much, and since when."""
    return f"{one['metric']} is {amount(one)} since {first_run(one)}"


def amount(one: Mapping[str, Any]) -> str:
    """By how much it is longer."""
    each = f", {one['per_run_pct']:.2g} % a run" if one["per_run_pct"] else " at once"
    return f"{one['pct']:.0f} % longer{each},"


def first_run(one: Mapping[str, Any]) -> str:
    """The first bad run: when, its commit, its id."""
    commit = f", commit {one['commit'][:12]}" if one["commit"] else ""
    return f"{moment(one['started'])}{commit}, run {one['run']}, the first of {one['runs']}"
