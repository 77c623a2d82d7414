"""Network links: how busy they were between looks, and how much they could carry."""

import pytest

from pytest_llmops.clients.exposition import MetricsPage
from pytest_llmops.clients.links import Counted, Link, links, of_page, of_this_machine
from pytest_llmops.errors import Unsupported, Vacuous

PAGE = """\
node_network_receive_bytes_total{device="eth0"} 4000
node_network_transmit_bytes_total{device="eth0"} 9000
node_network_speed_bytes{device="eth0"} 125e6
node_network_receive_bytes_total{device="docker0"} 70
node_network_speed_bytes{device="docker0"} -1
"""


def counted(received, sent=0.0, capacity=None):
    return Counted(received, sent, capacity)


def test_mean_and_peak_are_of_the_busier_direction():
    looks = [
        (10.0, {"eth0": counted(1000, 0, 500)}),
        (12.0, {"eth0": counted(1200, 600, 500)}),
        (14.0, {"eth0": counted(1200, 700, 500)}),
    ]
    (found,) = links(looks)
    assert found == Link("eth0", 175.0, 300.0, 500)
    assert found.used_pct == 60


def test_links_without_traffic_and_that_to_the_machine_itself_are_left_out():
    looks = [
        (0.0, {"lo": counted(0), "eth0": counted(5), "eth1": counted(0)}),
        (1.0, {"lo": counted(900), "eth0": counted(5), "eth1": counted(9), "new": counted(99)}),
    ]
    assert [one.name for one in links(looks)] == ["eth1"]
    with pytest.raises(Vacuous) as raised:
        links([looks[0], (2.0, looks[0][1])])
    assert str(raised.value) == "machine: no byte went through any of its links meanwhile (eth0, eth1)."


def test_a_link_of_which_nobody_says_what_it_carries():
    with pytest.raises(Unsupported) as raised:
        Link("docker0", 10.0, 20.0, None).used_pct  # noqa: B018 (it is a property that raises)
    assert str(raised.value) == (
        "machine: nothing tells how much docker0 could carry, so its 20 bytes a second are no share of anything."
    )


def test_a_node_exporters_page():
    found = of_page(MetricsPage.parse("machine", PAGE))
    assert found == {"eth0": counted(4000, 9000, 125e6), "docker0": counted(70)}
    with pytest.raises(Unsupported) as raised:
        of_page(MetricsPage.parse("machine", "up 1\n"))
    said = "machine: its page has no node_network_receive_bytes_total; is it a node exporter's?"
    assert str(raised.value) == said


def test_this_machine():
    assert of_this_machine()
