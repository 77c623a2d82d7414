"""Where the folders stand that are shipped with the package: the ready suites, the sandbox's baselines."""

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def beside_package(name: str) -> Path:
    """A folder of that name: within the installed package, or beside it in a clone."""
    places = (_PACKAGE / name, _PACKAGE.parent / name)
    return next((place for place in places if place.is_dir()), places[0])
