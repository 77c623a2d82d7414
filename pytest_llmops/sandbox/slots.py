"""Places at which a part works, so many at a time: who comes later waits for one, as on a server with few workers."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@dataclass(slots=True)
class Slots:
    """Places that are taken in the order of coming.

    Attributes:
        count: how many there are now; infinite where nobody has to wait.
    """

    count: Callable[[], float]
    _taken: int = 0
    _left: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def free(self) -> bool:
        """Whether whoever comes now need not wait."""
        return self._taken < self.count()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Within, one of them is taken; that is waited for."""
        async with self._left:
            await self._left.wait_for(lambda: self.free)
            self._taken += 1
        try:
            yield
        finally:
            async with self._left:
                self._taken -= 1
                self._left.notify_all()
