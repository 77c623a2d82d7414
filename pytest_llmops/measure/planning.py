"""What one measurement may cost: its share of the run's budget, and what is kept to confirm a suspicion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.judge.schedule import LOOKS, MIN_N, RECORDED_CALLS, WARM_UP
from pytest_llmops.samples import PARTS, split_statistic
from pytest_llmops.state.ledger import RESERVE, Spent
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from pytest_llmops.measure.bench import Bench, Purse
    from pytest_llmops.measure.sampling import Sampler
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.models import Budget


@dataclass(frozen=True, slots=True)
class Room:
    """How many more calls of each side may be made, never below 0, and what allows no more: words for people."""

    calls: int
    ends: str


class Share:
    """What a measurement may spend of one budget, allotted before its first call.

    Args:
        purse: the budget, and who is called.
        measurements: those that have not begun, this one included. Each has as much of what is left of 70 % of the
            budget: a slow one cannot use up what the others need, and what a quick one leaves over flows on to those
            after it. The fewest calls that can be judged may draw on the others' shares, as a share too small to be
            judged is a share lost. 30 % is kept for confirmations.
    """

    def __init__(self, purse: Purse, measurements: int) -> None:
        self.purse = purse
        self._before, self._plain_before = purse.ledger.spent(), _plain(purse.ledger)
        self.allotted = parted(_part(purse.ledger.budget, 1 - RESERVE) - self._plain_before, measurements)

    def left(self, *, reserve: bool = False, everyones: bool = False) -> Spent:
        """What is left of it.

        Args:
            reserve: with what is left of the reserve.
            everyones: with the shares of those that have not begun.
        """
        ledger = self.purse.ledger
        whole = _part(ledger.budget, 1 - RESERVE) - self._plain_before if everyones else self.allotted
        own = parted(whole - (_plain(ledger) - self._plain_before), 1)  # what it overdrew is not the reserve's debt
        return own + (_part(ledger.budget, RESERVE) - ledger.reserve_spent()) if reserve else own

    def room(self, sampler: Sampler, *, reserve: bool, everyones: bool = False) -> Room:
        """Calls that this allows, as far as the component's own limit does."""
        left = self.left(reserve=reserve, everyones=everyones)
        ledger, rounds = self.purse.ledger, max(1, sampler.rounds)
        own = ledger.spent() - self._before  # timed tests run alone: whatever was spent since, this one spent
        requests = max(1.0, own.requests / rounds)  # of one call: an operation may take several
        tokens = max(sampler.tokens_a_call, own.tokens / rounds, 1e-6)
        calls = {
            "seconds": left.seconds / max(sampler.seconds_a_call, 1e-6),
            "requests": left.requests / requests,
            "tokens": left.tokens / tokens,
        }
        key = min(calls, key=lambda name: calls[name])
        fewest, ends = int(calls[key]), f"its share of the budget ended ({self._said(key)}): raise budget.{key}"
        limit = self.purse.limit
        if limit is not None:
            admitted = int(ledger.admitted(self.purse.component, limit) / requests)
            if admitted < fewest:
                ends = f"{self.purse.component} allows no more than {limit.calls} calls in {spoken(limit.per_s)}"
                return Room(admitted, ends)
        return Room(max(0, fewest), ends)

    def _said(self, key: str) -> str:
        return spoken(self.allotted.seconds) if key == "seconds" else f"{getattr(self.allotted, key)} {key}"


class Allowance:
    """The shares of one measurement: of the target's budget and, side by side, of the other deployment's."""

    def __init__(self, bench: Bench) -> None:
        measurements = max(1, bench.measurements_left())
        self.shares = [Share(purse, measurements) for purse in bench.purses]

    def room(self, sampler: Sampler, *, reserve: bool, everyones: bool = False) -> Room:
        """Calls that every share allows; ``reserve``: those of a second run, which confirms."""
        rooms = (share.room(sampler, reserve=reserve, everyones=everyones) for share in self.shares)
        return min(rooms, key=lambda room: room.calls)

    def seconds(self, *, reserve: bool, everyones: bool = False) -> float:
        """Wall time that is left."""
        return min(share.left(reserve=reserve, everyones=everyones).seconds for share in self.shares)


def parted(left: Spent, measurements: int) -> Spent:
    """The share of each of so many measurements; never below nothing."""
    requests, tokens = left.requests // measurements, left.tokens // measurements
    return Spent(max(0, requests), max(0, tokens), max(0.0, left.seconds / measurements))


def shares(budget: Budget, measurements: int) -> Spent:
    """What each of so many measurements may spend of a budget that is still whole."""
    return parted(_part(budget, 1 - RESERVE), measurements)


def usual_calls(target: Target, name: str, *, recording: bool = False) -> int:
    """Calls of a measurement that is quick and raises no suspicion, warm-up included.

    Args:
        target: the deployment.
        name: of the measurement.
        recording: whether the run is kept as a candidate baseline.
    """
    rule = target.table.baseline
    metrics = {name + part for part in PARTS}
    asked = {split_statistic(one) for one in (*rule.primary, *rule.points, *target.table.thresholds)}
    needed = [MIN_N[which] for metric, which in asked if metric in metrics]
    least = RECORDED_CALLS if recording else LOOKS[0]
    return WARM_UP + (rule.looks[0] if rule.looks else max(least, *needed, 0))


def warm_up_where_slow(bench: Bench) -> int:
    """Calls to drop where a call takes long: as many as the component's first three of this run lack.

    Preflight and checks warm a server up as well as timed calls do; three more of each workload would only be waited
    for. The first call of a process is dropped all the same: it opens the connection.
    """
    lacking = [WARM_UP - purse.ledger.answered(purse.component) for purse in bench.purses]
    fresh = [0 if purse.ledger.answered_here(purse.component) else 1 for purse in bench.purses]
    return max(0, *lacking, *fresh)


def _part(budget: Budget, share: float) -> Spent:
    return Spent(int(budget.requests * share), int(budget.tokens * share), budget.seconds * share)


def _plain(ledger: Ledger) -> Spent:
    """Spent, but for what the reserve paid."""
    return ledger.spent() - ledger.reserve_spent()
