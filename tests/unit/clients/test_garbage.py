import pytest

from pytest_llmops.clients.exposition import MetricsPage
from pytest_llmops.clients.garbage import garbage
from pytest_llmops.errors import Unsupported

PAGE = """\
# TYPE python_gc_objects_collected_total counter
python_gc_objects_collected_total{generation="0"} 900
python_gc_objects_collected_total{generation="1"} 80
# TYPE python_gc_objects_uncollectable_total counter
python_gc_objects_uncollectable_total{generation="0"} 0
python_gc_objects_uncollectable_total{generation="1"} 2
# TYPE python_gc_collections_total counter
python_gc_collections_total{generation="0"} 70
python_gc_collections_total{generation="1"} 6
"""


def test_each_generation_has_a_row():
    assert garbage(MetricsPage.parse("api", PAGE)).splitlines() == [
        "# Garbage collected by api",
        "",
        "Since its process started.",
        "",
        "| generation | collections | objects collected | uncollectable |",
        "| --- | ---: | ---: | ---: |",
        "| 0 | 70 | 900 | 0 |",
        "| 1 | 6 | 80 | 2 |",
    ]


def test_a_count_that_is_not_there_is_said():
    page = MetricsPage.parse("api", PAGE.replace("python_gc_objects_collected_total", "other_total"))
    with pytest.raises(Unsupported) as caught:
        garbage(page)
    assert str(caught.value) == "api: its metrics do not have python_gc_objects_collected_total."
