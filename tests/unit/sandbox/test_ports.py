"""An address of the stack is its own, whether something listens there or not."""

import socket
from contextlib import ExitStack, closing, suppress

import pytest

from pytest_llmops.sandbox.ports import HOST, Port


@pytest.fixture
def port_of():
    """A function that has a port until the test ends."""
    with ExitStack() as had:

        def port_of(number=0):
            port = Port(number)
            had.enter_context(closing(port._kept))
            return port

        yield port_of


def taken(number):
    with suppress(ConnectionRefusedError), closing(socket.create_connection((HOST, number), 1)):
        return True
    return False


def test_connections_are_refused_until_somebody_listens_and_again_afterwards(port_of):
    port = port_of()
    assert not taken(port.number)
    for _ in range(2):
        with port.take() as listener:
            assert not taken(port.number)
            listener.listen()
            assert taken(port.number)
        assert not taken(port.number)


def test_nobody_else_gets_it_meanwhile(port_of):
    port = port_of()
    with closing(socket.socket()) as other, pytest.raises(OSError, match="in use"):
        other.bind((HOST, port.number))


def test_one_that_is_given_is_had(port_of):
    with socket.socket() as free:
        free.bind((HOST, 0))
        number = free.getsockname()[1]
    assert port_of(number).number == number
