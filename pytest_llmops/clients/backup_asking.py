"""Several questions put to backups: what one of them says is never lost over another that cannot be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import CallFailed, Unsupported, Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def told(*asked: Callable[[], Iterable[str]]) -> list[str]:
    """All that is wrong, in sentences; a call that fails is one of them.

    Args:
        asked: ``untimely``, ``lacking``, … of some backups; each is asked, whatever those before it said.

    Raises:
        Unsupported: nothing is wrong, and one cannot be answered here; says which, and what is vacuous besides.
        Vacuous: nothing is wrong, and one had nothing to compare; says which.
    """
    wrong: list[str] = []
    unsupported: list[str] = []
    vacuous: list[str] = []
    for ask in asked:
        try:
            wrong += ask()
        except CallFailed as error:
            wrong.append(str(error).removeprefix(f"{error.component}: ").rstrip("."))
        except Unsupported as error:
            unsupported.append(str(error))
        except Vacuous as error:
            vacuous.append(str(error))
    if unsupported and not wrong:
        raise Unsupported(" ".join(unsupported + vacuous))
    if vacuous and not wrong:
        raise Vacuous(" ".join(vacuous))
    return wrong
