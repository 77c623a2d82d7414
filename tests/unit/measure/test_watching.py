"""A figure that breaks its threshold is looked at again: no longer than is asked, and than the budget lasts."""

import pytest

from pytest_llmops.clients.figures import Reading
from pytest_llmops.errors import BudgetSpent, CallFailed, Vacuous
from pytest_llmops.measure.watching import LOOKS, Watch
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.models import Budget
from pytest_llmops.target.thresholds import Threshold

LIMIT = Threshold.model_validate({"critical": "> 80 %", "for": "5m"})


class Clock:
    """A clock that only waiting moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def watched(tmp_path):
    """Looks at a figure whose next values are given; the last one stays."""

    def watched(*values, past=(), seconds=600, first=90.0, averaged=False):
        clock, left = Clock(), list(values)
        said = []

        def again():
            value = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(value, Exception):
                raise value
            return reading(value, clock.now)

        ledger = Ledger(tmp_path / "ledger", Budget(seconds=seconds))
        watch = Watch(again, lambda _: [*past], ledger, averaged, said.append, clock.sleep, clock)
        found, words = watch.lasted("cpu_usage", reading(first, clock.now), LIMIT, 300.0)
        return found, words, said, ledger.spent().seconds

    return watched


def reading(value, at):
    return Reading(value, "%", "machine, cpu", at)


def test_a_breach_that_lasts(watched):
    found, words, said, waited_s = watched(90.0)
    assert (found.state, words) == ("lasted", " for 5 min (seen for 5 min)")
    assert said == ["cpu_usage breaks its threshold; looking whether it does for 5 min"]
    assert waited_s == pytest.approx(300)


def test_one_that_ends_is_not_waited_for_any_longer(watched):
    found, words, _, waited_s = watched(90.0, 90.0, 20.0)
    assert (found.breach, words) == (None, " not for 5 min: it held after 90 s")
    assert waited_s == pytest.approx(3 * 300 / LOOKS)


def test_a_lucky_look_does_not_end_it(watched):
    """Of a share of few calls one look may be without a failure, though far too many fail all along."""
    found, words, _, _ = watched(100.0, 100.0, 60.0, 100.0, 90.0, averaged=True)
    assert (found.state, words) == ("lasted", " on average for 5 min (seen for 5 min)")


def test_a_single_bad_look_is_soon_outweighed(watched):
    found, words, _, _ = watched(60.0, averaged=True)
    assert (found.breach, words) == (None, " not for 5 min: it held on average after 30 s")


def test_how_bad_the_first_look_was_is_forgotten(watched):
    found, words, _, _ = watched(0.0, first=1000.0, averaged=True)
    assert (found.breach, words) == (None, " not for 5 min: it held on average after 2 min 30 s")


def test_of_any_other_figure_one_good_look_ends_it(watched):
    found, words, _, waited_s = watched(0.0, first=1000.0)
    assert (found.breach, words) == (None, " not for 5 min: it held after 30 s")
    assert waited_s == pytest.approx(30)


def test_a_mean_that_was_not_taken_is_not_spoken_of(watched):
    assert watched(90.0, seconds=100, averaged=True)[1].startswith(" (asked: for 5 min; breached, duration unproven: ")


def test_a_source_with_a_memory_is_not_waited_for(watched):
    past = [reading(90.0, 1000.0 - before) for before in (300, 200, 100)]
    assert watched(20.0, past=past)[1:] == (" for 5 min (seen for 5 min)", [], 0)
    past = [reading(20.0, 700.0), reading(90.0, 900.0)]
    assert watched(90.0, past=past)[1:] == (" not for 5 min: it held after 0 ms", [], 0)


def test_what_its_memory_lacks_is_waited_for(watched):
    found, _, _, waited_s = watched(90.0, past=[reading(90.0, 820.0)])
    assert (found.state, waited_s) == ("lasted", pytest.approx(120))


def test_a_budget_that_is_too_small_is_not_begun(watched):
    found, words, said, waited_s = watched(90.0, seconds=100)
    assert (found.state, said, waited_s) == ("open", [], 0)
    assert words == (" (asked: for 5 min; breached, duration unproven: that takes 5 min, the budget leaves 100 s)")


@pytest.mark.parametrize(
    "error", [BudgetSpent("api: the budget is spent."), Vacuous("api: the budget is spent.")], ids=["spent", "vacuous"]
)
def test_looks_that_cannot_be_taken_leave_the_breach(watched, error):
    found, words, _, _ = watched(90.0, error)
    assert found.breach.severity == "critical"
    assert words == " (asked: for 5 min; breached, duration unproven: api: the budget is spent)"


def test_a_source_that_does_not_answer_any_more_fails(watched):
    with pytest.raises(CallFailed):
        watched(90.0, CallFailed("api", "refused", "api: nobody listens."))
