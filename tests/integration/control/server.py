"""The component of the contract: answers its process id and when it began, and prints a line a second.

``server.py PORT [--deaf] [--beside PID]``; a deaf one ignores SIGTERM, one beside another process ends after it.
"""

import itertools
import os
import signal
import socket
import sys
import threading
import time

BEGAN = time.time_ns()


def count(beside):
    for number in itertools.count():
        if beside and not os.access(f"/proc/{beside}", os.F_OK):
            os._exit(1)
        sys.stdout.write(f"line {number} of {BEGAN}\n")
        sys.stdout.flush()
        time.sleep(1)


def main(port, *words):
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "--deaf" in words else lambda *_: os._exit(0))
    body = f"{os.getpid()} {BEGAN}".encode()
    beside = words[words.index("--beside") + 1] if "--beside" in words else ""
    threading.Thread(target=count, args=[beside], daemon=True).start()
    with socket.create_server(("127.0.0.1", int(port))) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


main(*sys.argv[1:])
