"""Runs a program that ends with whoever asked for it; run as a script, ``tethered.py WORDS…``.

Its standard input is a pipe of theirs, by which nothing comes: the kernel closes it with them, whatever ends them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading


def main(*words: str) -> int:
    """Run the program until it ends, or the pipe does; its exit status."""
    program = subprocess.Popen(words, stdin=subprocess.DEVNULL)  # noqa: S603 (the words are ours)
    threading.Thread(target=_end_with_the_pipe, args=(program,), daemon=True).start()
    return program.wait()


def _end_with_the_pipe(program: subprocess.Popen[bytes]) -> None:
    os.read(0, 1)
    program.terminate()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
