"""The ``conftest.py`` of an inner run whose calls take the time that ``paces.json`` says, by a clock of their own.

So what is judged is the same on a busy machine: each call is made, but what it takes is told and not waited for, a few
per cent more at times, in every run alike. Where nothing is told, it takes what it takes; but no wait of ours for a CPU
makes a measurement void.
"""

import json
import random
import time
from dataclasses import replace
from pathlib import Path

from pytest_llmops.clients.llm import Llm
from pytest_llmops.measure import client_share, collecting, sampling

FOLDER = Path(__file__).parent
PACES = json.loads((FOLDER / "paces.json").read_text())
"""Seconds a call, by the address that is called."""


class Clock:
    """Moved by what a call takes, and by waiting; hardly by work."""

    now = time.time()

    def perf_counter(self):
        self.now += 1e-6
        return self.now

    monotonic = time = perf_counter

    def sleep(self, seconds):
        self.now += seconds


CLOCK, DRAW = Clock(), random.Random(1)
client_share.SCHEDSTAT = FOLDER / "no-account"  # of waits for a CPU, which are no part of that time
generate, embed = Llm.generate, Llm.embed


def takes(llm):
    seconds = PACES[llm.address] * (1 + 0.05 * DRAW.random())
    CLOCK.sleep(seconds)
    return 0.9 * seconds


def paced_generate(llm, *words, **more):
    answer = generate(llm, *words, **more)
    first_s = takes(llm)
    return replace(answer, stream=replace(answer.stream, token_times_s=(first_s,), first_answer_s=first_s))


def paced_embed(llm, *words, **more):
    found = embed(llm, *words, **more)
    takes(llm)
    return found


if PACES:
    sampling.time = collecting.time = CLOCK
    Llm.generate, Llm.embed = paced_generate, paced_embed
