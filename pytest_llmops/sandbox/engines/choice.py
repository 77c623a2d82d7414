"""The engines by name, and what each of them needs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.sandbox.engines.engine import Engine
    from pytest_llmops.sandbox.stack import Stack


@dataclass(frozen=True, slots=True)
class Choice:
    """One engine.

    Attributes:
        make: makes it; imports what it needs.
        knows: whether its answers hold the handbook's facts.
        hurries: whether it can be made faster than it is.
        updates: whether models can be pulled, copied and deleted.
        needs: packages of the extra ``llamacpp`` that it runs on.
    """

    make: Callable[[Stack], Engine]
    knows: bool
    hurries: bool
    updates: bool
    needs: tuple[str, ...] = ()


def _synthetic(stack: Stack) -> Engine:
    from pytest_llmops.sandbox.engines.synthetic import Synthetic

    return Synthetic(stack)


def _llama_cpp(stack: Stack) -> Engine:
    from pytest_llmops.sandbox.engines.llama_cpp import LlamaCpp

    return LlamaCpp(stack)


ENGINES: dict[str, Choice] = {
    "synthetic": Choice(_synthetic, knows=True, hurries=True, updates=True),
    "llama.cpp": Choice(_llama_cpp, knows=False, hurries=False, updates=False, needs=("gguf", "xllamacpp")),
}
"""The synthetic engine is the default: it needs no model, knows the handbook, and its times are drawn from a seed."""


def check(name: object) -> str:
    """The name of an engine that can run here.

    Raises:
        ConfigError: there is none of that name, or a package is not installed.
    """
    if not isinstance(name, str) or name not in ENGINES:
        raise ConfigError(
            f"unknown engine {name!r}.{did_you_mean(str(name), ENGINES)} This sandbox has: {', '.join(ENGINES)}."
        )
    lacking = [package for package in ENGINES[name].needs if find_spec(package) is None]
    if lacking:
        raise ConfigError(
            f"the engine {name} needs {' and '.join(lacking)}: run pip install 'pytest-llmops[llamacpp]'."
        )
    return name
