import pytest

from pytest_llmops.report.page import flowing


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (40, ["disk_free 50 %, cpu 20 %, swap 0 %"]),
        (25, ["disk_free 50 %, cpu 20 %,", "swap 0 %"]),
        (24, ["disk_free 50 %,", "cpu 20 %, swap 0 %"]),
        (5, ["disk_free 50 %,", "cpu 20 %,", "swap 0 %"]),
    ],
)
def test_a_line_ends_between_two_items(width, lines):
    assert flowing(["disk_free 50 %", "cpu 20 %", "swap 0 %"], width).splitlines() == lines
