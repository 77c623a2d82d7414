"""Figures beside load: looked at meanwhile, or remembered by their source."""

import threading
from types import SimpleNamespace

import pytest
from pydantic import TypeAdapter

from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.load.joining import Course, Joining
from pytest_llmops.target.figures import Figure

TABLES = {
    "memory": {"from": "metrics", "metric": ["process_resident_memory_bytes"], "unit": "MB"},
    "errors": {"from": "metrics", "metric": ["failed_total"], "over": ["all_total"], "unit": "%"},
    "queue": {"from": "prometheus", "query": "queue", "unit": "calls"},
    "slow": {"from": "traffic", "what": "slowest"},
    "gpu": {"from": "machine", "what": "gpu_memory", "during": "ollama"},
}


class Read:
    """Figures as a target has them; each look at memory finds 10 more, at the second one nobody answers."""

    def __init__(self, looks=4, fails=2, curve=()):
        self.enough = threading.Event()
        self.looks, self.fails, self.curve = looks, fails, curve
        self.during, self.asked = {}, []

    def table(self, name):
        return TypeAdapter(Figure).validate_python(TABLES[name])

    def read(self, name, during=None):
        self.during[name] = during
        self.asked.append(name)
        if len(self.asked) > self.looks:
            self.enough.set()
        if len(self.asked) == self.fails or self.fails < 0:
            raise CallFailed("api", "timeout", "api: GET /metrics gave no whole answer within 30 s.")
        return SimpleNamespace(at=60.0 * len(self.asked), value=10.0 * len(self.asked))

    def between(self, name, start, end):
        assert start <= end
        return [SimpleNamespace(at=at, value=value) for at, value in self.curve]


def joined(read, *names):
    with Joining(read, names, every_s=0.001) as joining:
        if read.looks:
            assert read.enough.wait(60)
    return joining.courses()


def test_a_level_is_looked_at_again_and_again_whatever_one_look_comes_to():
    read = Read(looks=8)
    course = joined(read, "memory")["memory"]
    assert (course.name, course.unit, course.source) == ("memory", "MB", "the metrics page of api")
    assert course.points[:4] == ((60, 10), (180, 30), (240, 40), (300, 50))
    assert course.rise == pytest.approx(10)
    assert read.during == {"memory": None}


def test_a_load_that_is_over_before_the_first_round_leaves_a_look_at_each():
    ended = threading.Event()

    class Late(Read):
        def read(self, name, during=None):
            assert ended.wait(60)
            return super().read(name, during)

    with Joining(Late(fails=0), ["memory", "errors"], every_s=60) as joining:
        ended.set()
    assert {name: len(course.points) for name, course in joining.courses().items()} == {"memory": 1, "errors": 1}


def test_what_is_counted_is_read_as_what_it_counted_meanwhile():
    read = Read()
    joined(read, "errors")
    assert callable(read.during["errors"])


def test_prometheus_remembers_and_is_not_looked_at_meanwhile():
    read = Read(looks=0, curve=[(2.0, 5.0), (1.0, 3.0)])
    course = joined(read, "queue")["queue"]
    assert course == Course("queue", "calls", course.source, ((1.0, 3.0), (2.0, 5.0)))
    assert (course.mean, course.peak, course.rise) == (4, 5, None)
    assert read.asked == []
    with pytest.raises(Vacuous, match=r"^figures\.queue: .* has no value of that time\.$"):
        joined(Read(looks=0), "queue")


def test_where_not_one_look_succeeds_the_last_is_told():
    with pytest.raises(CallFailed, match="gave no whole answer"):
        joined(Read(fails=-1), "memory")


@pytest.mark.parametrize("name", ["slow", "gpu"])
def test_what_makes_calls_of_its_own_is_refused(name):
    with pytest.raises(Unsupported) as raised:
        Joining(Read(), [name])
    said = f"figures.{name} is read off calls that it makes itself, so it cannot stand beside load."
    assert str(raised.value) == said
