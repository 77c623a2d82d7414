"""Runs a program of the machine: its words, its deadline, what it said, and how a person types the same."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from pytest_llmops.errors import ControlError, excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LONGEST_QUOTE = 300


@dataclass(frozen=True, slots=True)
class Done:
    """A program that ended by itself.

    Attributes:
        status: its exit status; negative where a signal ended it.
        out: its standard output.
        err: its standard error.
    """

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """The last line that it wrote, where people look for the reason; standard error goes before output."""
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return excerpt(lines[-1].strip(), LONGEST_QUOTE) if lines else "(nothing)"


@dataclass(frozen=True)
class Tool:
    """A program that is called again and again with the same first words.

    Attributes:
        words: its first words; no shell reads them.
        cwd: where it runs; None: where we are.
        environ: its whole environment; never shown.
        shown: the variables of it that a person has to set too.
    """

    words: tuple[str, ...]
    cwd: Path | None = None
    environ: Mapping[str, str] | None = field(default=None, repr=False)
    shown: Mapping[str, str] = field(default_factory=dict)

    def typed(self, *more: str) -> str:
        """The command as a person types it in any folder."""
        variables = "".join(f"{name}={shlex.quote(value)} " for name, value in self.shown.items())
        command = variables + shlex.join((*self.words, *more))
        return f"(cd {shlex.quote(str(self.cwd))} && {command})" if self.cwd else command

    def __str__(self) -> str:
        return f"{shlex.join(self.words)} in {self.cwd}" if self.cwd else shlex.join(self.words)

    def run(self, *more: str, within_s: float) -> Done:
        """Run it to its end.

        What it leaves running in the background is left alone; a program that is still at work at its deadline is
        killed with its whole process group.

        Raises:
            ControlError: ``away``: there is no such program or folder; ``refused``: it may not be run; ``timeout``.
        """
        command = [*self.words, *more]
        # Files, not pipes: what it left in the background holds a pipe open, and would die of one that we close.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self._started(command, out, err)
            try:
                status = process.wait(within_s)
            except subprocess.TimeoutExpired:
                ended = "was killed" if _end(process) else "is left alone, for it is another user's"
                raise ControlError(
                    "", "timeout", f"{shlex.join(command)} had not ended after {within_s:.3g} s, and {ended}."
                ) from None
            except BaseException:  # Ctrl-C
                _end(process)
                raise
            return Done(status, _read(out), _read(err))

    def _started(self, command: list[str], out: BinaryIO, err: BinaryIO) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 (the words are the user's own, of llmops.toml)
                command,
                cwd=self.cwd,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            if self.cwd and not self.cwd.is_dir():
                message = f"{shlex.join(command)} cannot be run in {self.cwd}: there is no such folder."
            else:
                message = (
                    f"there is no program {command[0]!r} to run {shlex.join(command)}; install it, or say where it is."
                )
            raise ControlError("", "away", message) from error
        except OSError as error:
            raise ControlError("", "refused", f"{shlex.join(command)} cannot be run: {error.strerror}.") from error


def _end(process: subprocess.Popen[bytes]) -> bool:
    """Kill it with its whole process group; False where that is not ours to do, as of what ``sudo`` runs.

    Nobody waits for it: a program that hangs in the kernel would hold up whoever has to undo what was done.
    """
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except OSError:
        return False
    finally:
        threading.Thread(target=process.wait, daemon=True).start()
    return True


def _read(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
