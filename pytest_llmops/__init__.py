"""An LLM system's runbook, as pytest.

What a test annotates and catches is imported from here: ``from pytest_llmops import Api, Reply, Unsupported``. The stub
beside this file is the one table of these names, for type checkers and at run time.
"""

__version__ = "0.1.0"


def _homes() -> dict[str, str]:
    """The module that each public name comes from. Read when one is first asked for: every pytest run imports us."""
    import ast
    import pkgutil

    table = ast.parse(pkgutil.get_data(__name__, "__init__.pyi") or b"")
    return {
        alias.name: statement.module
        for statement in table.body
        if isinstance(statement, ast.ImportFrom) and statement.module
        for alias in statement.names
    }


def __getattr__(name: str) -> object:
    if name == "__all__":
        return sorted(["__version__", *_homes()])
    homes = {} if name.startswith("_") else _homes()
    if name not in homes:
        from pytest_llmops.errors import did_you_mean

        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{did_you_mean(name, homes)}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(homes[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_homes()})
