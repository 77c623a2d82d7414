"""For how long nobody was served: from what takes a component away to the first check that finds it up again."""

import pytest

from pytest_llmops.operate import away
from pytest_llmops.operate.away import Away, never_seen
from pytest_llmops.target.operations import Step

EACH_S = 10


def steps(text):
    """``stop api, check api``; ``gone api`` looks that it is away, ``wait`` waits."""
    made = []
    for words in text.split(", "):
        do, _, on = words.partition(" ")
        more = {"gone": {"do": "check", "state": "away"}, "wait": {"lasts": 1}, "set": {"to": "v0"}}.get(do, {})
        made.append(Step.model_validate({"do": do, **({"on": on} if on else {}), **more}))
    return made


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("stop api, start api, check api", 3),
        ("restart api, check api", 2),
        ("check api, set version, check version", 0),
        ("check api, stop api, start api, check api, wait, check api", 3),  # the first check counts, not the last
        ("stop api, check version, wait, start api, check api", 5),  # a setting serves nobody
        ("stop api, gone api, start api, check api", 4),
        ("restart api, check api, wait, restart api, check api", 4),  # both times add up
        ("stop ui, stop llm, start llm, check llm, start ui, check ui", 6),  # until all are there
        ("restart redis, check api", 2),  # whoever needs it stands for it
        ("stop redis, restart api, check api, start redis, check api", 5),
    ],
)
def test_times_away_add_up(clock, text, times):
    now = clock(away)
    found = Away(all_steps := steps(text), {"version"})
    for number, step in enumerate(all_steps):
        found.begins(step)
        now.sleep(EACH_S)
        found.held(number)
    assert (found.known_s, found.unseen) == (pytest.approx(times * EACH_S, abs=0.1), [])


@pytest.mark.parametrize(
    ("text", "unseen"),
    [
        ("stop api, start api", ["api"]),
        ("stop api, start api, check version", ["api"]),
        ("stop api, start api, gone api", ["api"]),
        ("stop redis, check api", ["redis"]),  # it was never started
        ("kill api, check api", []),  # somebody brings it back
        ("restart api, check api, stop ui", ["ui"]),
    ],
)
def test_what_no_check_finds_up_again_is_known_before(text, unseen):
    assert never_seen(steps(text), {"version"}) == unseen
