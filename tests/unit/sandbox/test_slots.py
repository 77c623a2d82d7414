"""Places at which a part works: who comes later waits, in turn."""

import asyncio

import pytest

from pytest_llmops.sandbox.slots import Slots


def most_at_a_time(slots, workers, *, grows=lambda: None):
    """How many of so many workers were within at once at the most."""
    within, most = 0, []

    async def work():
        nonlocal within
        async with slots.taken():
            within += 1
            most.append(within)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            within -= 1
            grows()

    async def all_of_them():
        await asyncio.gather(*(work() for _ in range(workers)))

    asyncio.run(all_of_them())
    assert len(most) == workers
    return max(most)


def test_no_more_than_there_are_work_at_a_time():
    assert most_at_a_time(Slots(lambda: 2), 7) == 2


def test_without_a_number_nobody_waits():
    assert most_at_a_time(Slots(lambda: float("inf")), 7) == 7


def test_more_are_taken_once_there_are_more():
    there = [1]
    assert most_at_a_time(Slots(lambda: there[0]), 9, grows=lambda: there.__setitem__(0, 4)) == 4


def test_a_place_is_given_back_whatever_happened():
    async def taken_and_free():
        slots = Slots(lambda: 1)
        with pytest.raises(ZeroDivisionError):
            async with slots.taken():
                assert not slots.free / 0
        return slots.free

    assert asyncio.run(taken_and_free())
