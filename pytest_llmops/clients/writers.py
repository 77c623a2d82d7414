"""Who writes the application's files: the service's user, or whoever runs this and is not root."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path
    from pwd import struct_passwd


@dataclass(frozen=True, slots=True)
class Writer:
    """A user, as permissions know it.

    Attributes:
        who: in words.
        uid: its number.
        gids: of all groups that it is in.
    """

    who: str
    uid: int
    gids: frozenset[int]

    def can_write(self, path: Path) -> bool:
        """Whether permissions let this user write a file, or into a folder; root itself is held to them, too."""
        state = path.stat()
        wanted = stat.S_IWOTH | (stat.S_IXOTH if stat.S_ISDIR(state.st_mode) else 0)
        shift = 6 if state.st_uid == self.uid else 3 if state.st_gid in self.gids else 0
        return state.st_mode >> shift & wanted == wanted


def writer(root: Path, user: str | None) -> Writer | None:
    """Whose permissions count; None: those of whoever runs this.

    Root may write everywhere, which tells nothing of the service: then it is whoever owns the root of the files.

    Args:
        root: of the files.
        user: the service's, where it is named.

    Raises:
        ConfigError: there is no such user on this machine.
        OSError: the root is not there.
    """
    import pwd

    if user is not None:
        try:
            return _of(user, pwd.getpwnam(user))
        except KeyError:
            raise ConfigError(f"files: user = {user!r}: there is no such user on this machine.") from None
    if os.geteuid() != 0:
        return None
    state = root.stat()
    try:
        owner = pwd.getpwuid(state.st_uid)
    except KeyError:
        return Writer(f"user {state.st_uid}, who owns {root}", state.st_uid, frozenset({state.st_gid}))
    return _of(f"{owner.pw_name}, who owns {root}", owner)


def _of(who: str, user: struct_passwd) -> Writer:
    return Writer(who, user.pw_uid, frozenset(os.getgrouplist(user.pw_name, user.pw_gid)))
