"""The packages that detectors rest on, which the extra ``[security]`` brings."""

from __future__ import annotations

from importlib.util import find_spec

from pytest_llmops.errors import ConfigError

DISTRIBUTIONS = {"stdnum": "python-stdnum", "phonenumbers": "phonenumbers", "detect_secrets": "detect-secrets"}


def needed(*modules: str) -> None:
    """Hold that packages are installed.

    Raises:
        ConfigError: one is not; says how to install it.
    """
    lacking = [DISTRIBUTIONS[module] for module in modules if find_spec(module) is None]
    if lacking:
        raise ConfigError(
            f"looking for leaks needs {' and '.join(lacking)}: run pip install 'pytest-llmops[security]'."
        )
