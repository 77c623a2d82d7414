"""Passages of real text with a question to each: what the standard library says of itself, its first words apart."""

import ast
import hashlib
import sysconfig
from dataclasses import dataclass
from pathlib import Path

LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "site-packages", "ensurepip", "pydoc_data", "turtledemo"}
SUMMARY, REST = range(25, 140), range(200, 600)
"""Characters of the first paragraph, which is the question, and of the others, which are searched."""


@dataclass(frozen=True)
class Passage:
    """What is said of one function or class.

    Attributes:
        name: of it, behind its module's.
        asked: its first paragraph.
        text: the others.
    """

    name: str
    asked: str
    text: str


def passages():
    """All of them, in an order that has nothing to do with what they say."""
    root = Path(sysconfig.get_paths()["stdlib"])
    files = [path for path in root.rglob("*.py") if LEFT_OUT.isdisjoint(path.relative_to(root).parts)]
    found, asked = [], set()
    for path in sorted(files):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        for name, said in _said(ast.parse(path.read_bytes())):
            first, _, rest = said.partition("\n\n")
            one = Passage(f"{module}.{name}", " ".join(first.split()), " ".join(rest.split()))
            if len(one.asked) in SUMMARY and len(one.text) in REST and one.asked not in asked:
                asked.add(one.asked)
                found.append(one)
    return sorted(found, key=lambda one: hashlib.sha256(one.name.encode()).digest())


def _said(tree, before=""):
    for node in getattr(tree, "body", ()):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if text := ast.get_docstring(node):
                yield f"{before}{node.name}", text
            yield from _said(node, f"{before}{node.name}.")
