"""Whose Python a command runs: the application's, or the one that these tests run in."""

from __future__ import annotations

import re
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shutil import which

PYTHON = re.compile(r"python[\d.]*|pip[\d.]*|pip-audit")
"""Python, and what tells of its environment."""

BEHIND = re.compile(r"#|\s--|\\")
"""Where what a line of requirements asks for ends: a comment, an option such as ``--hash``, the next line's."""


def programs(root: Path) -> Path | None:
    """Where the programs of the application's own virtual environment lie; None where its folder holds none."""
    folders = (root / name / "bin" for name in (".venv", "venv"))
    return next((folder for folder in folders if (folder / "python").is_file()), None)


def is_ours(program: str, path: str) -> bool:
    """Whether a program is called as Python or pip by its bare name, and found where the Python of these tests lies.

    Args:
        program: first word of a command.
        path: the folders that it is looked for in, as ``PATH`` has them.
    """
    found = which(program, path=path) if PYTHON.fullmatch(program) else None
    return found is not None and Path(found).parent.samefile(Path(sys.executable).parent)


def lacking(requirements: Path) -> list[str]:
    """The packages that a requirements file asks for here and that are not installed here; of no file, none."""
    from packaging.requirements import InvalidRequirement, Requirement

    written = requirements.read_bytes() if requirements.is_file() else b""
    encoding = "utf-16" if written.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
    lacks = []
    for line in written.decode(encoding, errors="replace").splitlines():
        try:
            asked = Requirement(BEHIND.split(line)[0].strip())
            if asked.marker is None or asked.marker.evaluate():
                distribution(asked.name)
        except InvalidRequirement:  # blank, an option, another file
            continue
        except PackageNotFoundError:
            lacks.append(asked.name)
    return lacks
