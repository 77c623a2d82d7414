"""A redis-server of a test's own, which keeps nothing on disk."""

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

SERVER = shutil.which("redis-server")
PASSWORD = {"requirepass": "kettle"}


@contextmanager
def running(folder, port, further):
    """The server, once it takes connections; ``further`` are options of its configuration."""
    options = {"port": port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": folder, **further}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    with subprocess.Popen([SERVER, *words], stdout=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield
        server.terminate()
