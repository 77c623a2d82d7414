"""The packages that detectors rest on, which the extras ``[security]`` and ``[quality]`` bring."""

from __future__ import annotations

from importlib.util import find_spec

from pytest_llmops.errors import NotInstalled

DISTRIBUTIONS = {
    "stdnum": "python-stdnum",
    "phonenumbers": "phonenumbers",
    "detect_secrets": "detect-secrets",
    "babel": "babel",
    "py3langid": "py3langid",
    "snowballstemmer": "snowballstemmer",
    "wordfreq": "wordfreq",
}


def needed(*modules: str, extra: str = "security", to: str = "looking for leaks") -> None:
    """Hold that packages are installed.

    Args:
        modules: by the name that they are imported by.
        extra: of ours that brings them.
        to: what they are needed for.

    Raises:
        NotInstalled: one is not; says how to install it.
    """
    lacking = [DISTRIBUTIONS[module] for module in modules if find_spec(module) is None]
    if lacking:
        raise NotInstalled(f"{to} needs {' and '.join(lacking)}: run pip install 'pytest-llmops[{extra}]'.")
