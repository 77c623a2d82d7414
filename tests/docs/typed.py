"""Snippets with the types of our fixtures written into them, so that mypy sees what does not exist."""

import ast
import builtins
import inspect

from pytest_llmops.plugin import FIXTURES


def annotated(text):
    """The module with an annotation for each argument of a test that is a fixture of ours, and its imports."""
    tree = ast.parse(text)
    known, heads = returned(), set()
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        if function.name.startswith("test_"):
            function.returns = ast.Constant(None)
        for argument in function.args.args:
            annotation, imports = known.get(argument.arg, ("", ()))
            if annotation and argument.annotation is None:
                argument.annotation = ast.parse(annotation, mode="eval").body
                heads |= set(imports)
    return "\n".join(["from __future__ import annotations", *sorted(heads), ast.unparse(tree), ""])


def returned():
    """What each fixture hands over: its annotation, and the imports that the annotation takes."""
    found = {}
    for module in FIXTURES:
        tree = ast.parse(inspect.getsource(module))
        origin = {
            alias.name: part.module
            for part in ast.walk(tree)
            if isinstance(part, ast.ImportFrom)
            for alias in part.names
        }
        for function in [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.returns]:
            handed = function.returns
            if isinstance(handed, ast.Subscript) and ast.unparse(handed.value) in {"Iterator", "Generator"}:
                handed = handed.slice.elts[0] if isinstance(handed.slice, ast.Tuple) else handed.slice
            names = {node.id for node in ast.walk(handed) if isinstance(node, ast.Name)} - set(dir(builtins))
            imports = tuple(f"from {origin.get(name, module.__name__)} import {name}" for name in sorted(names))
            found[function.name] = (ast.unparse(handed), imports)
    return found
