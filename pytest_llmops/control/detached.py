"""Starts a program that outlives whoever starts it; run as a script, ``detached.py LOG PID_FILE WORDS…``.

A script of its own, for then the program is the child of nobody who could keep it as a zombie. It says on standard
error why the program could not be started, and is silent where it could.
"""

from __future__ import annotations

import os
import sys


def main(log: str, pid_file: str, *words: str) -> int:
    """Start the program in a session of its own. Its process id is in the file before its first instruction."""
    said, say = os.pipe()  # both close on exec: an end without a word means that the program is there
    if os.fork():
        os.close(say)
        reason = os.read(said, 1000)
        sys.stderr.write(reason.decode(errors="replace"))
        return 1 if reason else 0
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        written = os.open(log or os.devnull, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(written, 1)
        os.dup2(written, 2)
        if pid_file:
            with open(pid_file, "w", encoding="ascii") as file:  # noqa: PTH123 (nothing is imported that is not needed)
                file.write(f"{os.getpid()}\n")
        os.execvp(words[0], words)  # noqa: S606 (the words are the user's own, of llmops.toml)
    except OSError as error:
        os.write(say, f"{error.filename or words[0]}: {error.strerror}".encode())
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
