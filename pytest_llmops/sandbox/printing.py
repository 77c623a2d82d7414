"""Stands for a command of the application: asks the sandbox what it prints, prints it, and ends as it ends.

A script of its own, started for every call: it imports nothing that it does not need.
"""

import json
import os
import socket
import sys
import time

_REFUSED = 127


def main(url: str, name: str, *words: str) -> int:
    """Print what the command of that name prints; its exit status."""
    host, _, port = url.removeprefix("http://").partition(":")
    asked = json.dumps({"words": words}).encode()
    head = f"POST /commands/{name} HTTP/1.0\r\nContent-Length: {len(asked)}\r\n\r\n"
    try:
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head.encode() + asked)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError as error:
        sys.stderr.write(f"the sandbox at {url} does not answer: {error}\n")
        return _REFUSED
    status, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in status.partition(b"\r\n")[0]:
        sys.stderr.write(f"the sandbox has no command {name}: the profile lacks sandbox.commands.{name}\n")
        return _REFUSED
    printed = json.loads(body)
    for pause in printed["calls"]:
        time.sleep(pause)
        _call(next(word for word in reversed(words) if word.startswith("http://")))
    sys.stdout.buffer.write(printed["output"].encode("utf-8", "surrogateescape"))
    sys.stdout.flush()
    sys.stderr.write(printed["errors"])
    sys.stderr.flush()
    return _run(printed["runs"], printed["root"]) if printed["runs"] else int(printed["exit"])


def _run(words: list[str], root: str) -> int:
    """Run a program in a folder; its exit status."""
    import subprocess

    try:
        return subprocess.run(words, cwd=root, stdin=subprocess.DEVNULL, check=False).returncode  # noqa: S603 (the profile's)
    except OSError as error:
        sys.stderr.write(f"{words[0]}: {error}\n")
        return _REFUSED


def _call(address: str) -> None:
    """Ask a service something, and wait for whatever it answers."""
    place, _, path = address.removeprefix("http://").partition("/")
    host, _, port = place.partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"POST /{path} HTTP/1.0\r\nHost: {place}\r\nContent-Length: 0\r\n\r\n".encode())
        while connection.recv(65536):
            pass


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
