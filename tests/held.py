"""A port that is picked before its server is started, and that nobody else gets meanwhile."""

import socket
from contextlib import contextmanager


@contextmanager
def held_port():
    """One of this machine's: connections to it are refused until somebody listens there, who must reuse addresses."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
