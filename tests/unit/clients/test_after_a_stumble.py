"""A server that answers 500 and keeps the connection, but hears no second request on it: so do uvicorn's crashes."""

import threading
from socket import create_server

import pytest


@pytest.fixture
def stumbling():
    """The url of a server whose first connection gets a 500 and then nothing; each later one gets a 200."""
    listener = create_server(("127.0.0.1", 0))
    taken = []

    def serve():
        for status in (500, 200):
            connection, _ = listener.accept()
            taken.append(status)
            connection.recv(65536)
            connection.sendall(f"HTTP/1.1 {status} -\r\nContent-Length: 2\r\n\r\n{{}}".encode())
            connection.settimeout(5)
            connection.recv(65536)  # a second request, or the end
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", taken
    listener.close()


def test_the_next_call_takes_a_connection_of_its_own(stumbling, http):
    url, taken = stumbling
    api = http("api", url=url)
    assert [api.call("GET", "/").status for _ in range(2)] == [500, 200]
    api.close()
    assert taken == [500, 200]
