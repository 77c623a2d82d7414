"""The budget ledger: charges of all processes count once, and nobody spends what is not there."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.errors import BudgetSpent
from pytest_llmops.state.ledger import Ledger, Spent, Uncounted
from pytest_llmops.target.component import RateLimit
from pytest_llmops.target.models import Budget

CHARGE = """
import sys
from pathlib import Path
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.models import Budget

ledger = Ledger(Path(sys.argv[1]), Budget())
for _ in range(400):
    ledger.charge("api", requests=1, tokens=3, seconds=0.5)
"""


def admit_often(together, passed, paths, budget, limit):
    """Admits twenty calls in each ledger, none of which is answered; tells how many passed."""
    counts = []
    for path in paths:
        ledger, admitted = Ledger(path, budget), 0
        together.wait(60)
        for _ in range(20):
            with suppress(BudgetSpent):
                ledger.admit("api", limit)
                admitted += 1
        counts.append(admitted)
    passed.put(counts)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger", Budget(requests=10, tokens=100, seconds=60))


def test_charges_of_many_processes_are_all_counted(tmp_path):
    path = tmp_path / "ledger"
    reader = Ledger(path, Budget())
    started = [subprocess.Popen([sys.executable, "-c", CHARGE, str(path)]) for _ in range(6)]
    while any(process.poll() is None for process in started):
        seen = reader.spent()  # reads while others write: never half a line
        assert seen.tokens == 3 * seen.requests
        time.sleep(0.005)
    assert [process.returncode for process in started] == [0] * 6
    assert reader.spent() == Spent(2400, 7200, 1200.0)
    assert Ledger(path, Budget()).spent() == reader.spent()


@given(charges=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 500), st.integers(0, 9000)), max_size=20))
def test_the_sum_is_that_of_the_entries(tmp_path_factory, charges):
    ledgers = [Ledger(tmp_path_factory.mktemp("run") / "ledger", Budget())]
    ledgers.append(Ledger(ledgers[0].path, Budget()))
    for number, (requests, tokens, ms) in enumerate(charges):
        ledgers[number % 2].charge("api", requests=requests, tokens=tokens, seconds=ms / 1000)
    for ledger in ledgers:
        spent = ledger.spent()
        assert (spent.requests, spent.tokens) == (sum(c[0] for c in charges), sum(c[1] for c in charges))
        assert spent.seconds == pytest.approx(sum(c[2] for c in charges) / 1000)


def test_an_empty_ledger_has_spent_nothing(ledger):
    assert ledger.spent() == Spent()
    assert repr(ledger) == "Ledger(Spent(requests=0, tokens=0, seconds=0.0, cost=0.0))"


def test_a_half_written_line_waits_for_its_end(ledger):
    ledger.charge("api", requests=1)
    with ledger.path.open("a") as file:
        file.write("1.000 api 1 7")
    assert ledger.spent() == Spent(1, 0, 0.0)
    with ledger.path.open("a") as file:
        file.write("0 0.000 1 0\n")
    assert ledger.spent() == Spent(2, 70, 0.0)


def test_requests_run_out(ledger):
    ledger.charge("redis", requests=9)
    ledger.admit("api", None)
    ledger.charge("redis", requests=1)
    with pytest.raises(BudgetSpent) as caught:
        ledger.admit("api", None)
    assert str(caught.value) == (
        "api: the run's budget of 10 requests is spent; raise budget.requests or select fewer tests."
    )


def test_tokens_run_out(ledger):
    ledger.charge("ollama", tokens=100)
    with pytest.raises(BudgetSpent) as caught:
        ledger.admit("api", None)
    assert str(caught.value) == (
        "api: the run's budget of 100 tokens is spent; raise budget.tokens or select fewer tests."
    )


def test_the_targets_own_limit_counts_its_own_calls(ledger):
    limit = RateLimit(calls=3, per_s=3600)
    ledger.charge("redis", requests=5)
    for _ in range(3):
        ledger.admit("api", limit)
        ledger.answer("api")
    ledger.charge("api", tokens=5)  # tokens of a call that is counted already
    with pytest.raises(BudgetSpent) as caught:
        ledger.admit("api", limit)
    assert str(caught.value) == ("api: 3 calls within 3600 s, the target's own limit is 3; select fewer tests or wait.")
    ledger.admit("api", None)
    assert ledger.spent() == Spent(9, 5, 0.0)  # what was refused is taken back


@pytest.mark.parametrize("limit", [RateLimit(calls=50, per_s=3600), None])
def test_of_calls_that_four_processes_admit_at_once_as_many_pass_as_the_limit_says(tmp_path, limit):
    paths, budget = [tmp_path / f"ledger{number}" for number in range(40)], Budget(requests=500 if limit else 50)
    spawn = get_context("spawn")
    passed, together = spawn.Queue(), spawn.Barrier(4)
    given = (together, passed, paths, budget, limit)
    started = [spawn.Process(target=admit_often, args=given, daemon=True) for _ in range(4)]
    for process in started:
        process.start()
    counts = [passed.get(timeout=240) for _ in started]
    assert [sum(of_one) for of_one in zip(*counts, strict=True)] == [50] * 40
    for path in paths:
        reader = Ledger(path, budget)
        assert (reader.spent(), reader.answered("api")) == (Spent(requests=50), 0)
        assert reader.admitted("api", RateLimit(calls=51, per_s=3600)) == 1


def test_of_calls_that_threads_admit_at_once_as_many_pass_as_the_limit_says(tmp_path):
    ledger, limit = Ledger(tmp_path / "ledger", Budget()), RateLimit(calls=50, per_s=3600)

    def admitted(_):
        with suppress(BudgetSpent):
            ledger.admit("api", limit)
            return 1
        return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(admitted, range(400))) == 50
    assert ledger.spent() == Spent(requests=50)


def test_calls_that_others_have_under_way_count(ledger):
    limit = RateLimit(calls=2, per_s=3600)
    other = Ledger(ledger.path, ledger.budget)
    ledger.admit("api", limit)
    other.admit("api", limit)
    with pytest.raises(BudgetSpent):
        ledger.admit("api", limit)
    assert (ledger.answered("api"), ledger.answered_here("api")) == (0, 0)
    other.answer("api")
    assert (ledger.answered("api"), ledger.answered_here("api"), other.answered_here("api")) == (1, 0, 1)
    assert ledger.spent().requests == 2


def test_what_is_taken_back_is_taken_back_from_the_reserve_too(tmp_path):
    ledger = Ledger(tmp_path / "ledger", Budget(requests=1))
    ledger.charge("api", requests=1)
    with ledger.confirming(), pytest.raises(BudgetSpent):
        ledger.admit("api", None)
    assert (ledger.spent().requests, ledger.reserve_spent()) == (1, Spent())


def test_calls_older_than_the_limits_period_are_forgotten(ledger):
    ledger.charge("api", requests=3)
    with pytest.raises(BudgetSpent):
        ledger.admit("api", RateLimit(calls=3, per_s=60))
    time.sleep(0.03)
    ledger.admit("api", RateLimit(calls=3, per_s=0.02))


def test_calls_that_a_limit_still_lets_pass(ledger):
    limit = RateLimit(calls=3, per_s=3600)
    assert ledger.admitted("api", limit) == 3
    Ledger(ledger.path, Budget()).charge("api", requests=2)  # another process
    assert ledger.admitted("api", limit) == 1
    ledger.charge("api", requests=2)
    assert ledger.admitted("api", limit) == 0


def test_answered_calls_are_counted_by_component(ledger):
    other = Ledger(ledger.path, Budget())
    ledger.charge("api", requests=2)
    ledger.charge("api", requests=5, answered=False)
    other.charge("api", requests=1)
    other.charge("redis", requests=9)
    assert (ledger.answered("api"), other.answered("api"), ledger.answered("qdrant")) == (3, 3, 0)
    assert (ledger.answered_here("api"), other.answered_here("api")) == (2, 1)
    assert ledger.spent().requests == 17


def test_what_the_reserve_paid_is_known_to_every_process(ledger):
    other = Ledger(ledger.path, Budget())
    ledger.charge("api", requests=1, tokens=2, seconds=3)
    with ledger.confirming():
        ledger.charge("api", requests=4, tokens=5, seconds=6)
        other.charge("api", requests=100)
    ledger.charge("api", requests=1)
    for one in (ledger, other):
        assert one.reserve_spent() == Spent(4, 5, 6.0)
        assert one.spent() - one.reserve_spent() == Spent(102, 2, 3.0)


def test_a_confirmation_that_breaks_off_ends(ledger):
    with pytest.raises(RuntimeError), ledger.confirming():
        raise RuntimeError
    ledger.charge("api", requests=1)
    assert ledger.reserve_spent() == Spent()


def test_money_is_counted_by_the_prices_of_components(tmp_path):
    budget = Budget(cost=0.05, prices={"openai": {"call": 0.01, "million_tokens": 20}, "api": {"call": 0.001}})
    ledger = Ledger(tmp_path / "ledger", budget)
    ledger.charge("openai", requests=2, tokens=1000)
    ledger.charge("api", requests=5, tokens=1000)
    ledger.charge("qdrant", requests=5)
    assert ledger.spent().cost == pytest.approx(0.02 + 0.02 + 0.005)
    ledger.admit("openai", None)
    with pytest.raises(BudgetSpent) as raised:
        ledger.admit("openai", None)
    said = "openai: the run's budget of 0.05 in money is spent; raise budget.cost or select fewer tests."
    assert str(raised.value) == said
    assert ledger.spent().cost == pytest.approx(0.055)


def test_where_nothing_is_counted_everything_passes_and_nothing_is_spent():
    ledger, limit = Uncounted(), RateLimit(calls=1, per_s=60.0)
    for _ in range(3):
        ledger.admit("api", limit)
    ledger.charge("api", requests=1, tokens=2)
    assert (ledger.spent(), ledger.admitted("api", limit), ledger.answered("api")) == (Spent(), 1, 0)
