"""The component of the contract: answers its process id and when it began, and prints a line a second.

``server.py PORT [--deaf]``; a deaf one ignores SIGTERM.
"""

import itertools
import os
import signal
import socket
import sys
import threading
import time

BEGAN = time.time_ns()


def count():
    for number in itertools.count():
        sys.stdout.write(f"line {number} of {BEGAN}\n")
        sys.stdout.flush()
        time.sleep(1)


def main(port, *words):
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "--deaf" in words else lambda *_: os._exit(0))
    body = f"{os.getpid()} {BEGAN}".encode()
    threading.Thread(target=count, daemon=True).start()
    with socket.create_server(("127.0.0.1", int(port))) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


main(*sys.argv[1:])
