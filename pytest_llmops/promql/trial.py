"""A trial of an alert rule over made-up series: does it fire when it should, and only then?"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from promql_parser import MatchOp, VectorSelector

from pytest_llmops.promql.asking import parse
from pytest_llmops.promql.memory import NAME, Memory
from pytest_llmops.promql.refusal import PromqlError
from pytest_llmops.promql.rules import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmops.promql.rules import Active, AlertRule

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?"
_STEPS = re.compile(rf"({_NUMBER}|_)(?:([-+](?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?))?x(\d+)", re.IGNORECASE)


def values(text: str) -> Iterator[float | None]:
    """Samples in the notation of Prometheus' own rule tests; None where there is none.

    ``0+10x5`` is 0 10 20 30 40 50, ``1x3`` is 1 1 1 1, ``_x2`` is two gaps; single values stand for themselves.

    Raises:
        PromqlError: a word is nothing of that kind.
    """
    for word in text.split():
        found = _STEPS.fullmatch(word)
        if found is not None:
            first, step, times = found.groups()
            gap = first == "_"
            for number in range(int(times) + (0 if gap else 1)):
                yield None if gap else float(first) + number * float(step or 0)
        elif word == "_":
            yield None
        else:
            try:
                yield float(word)
            except ValueError:
                raise PromqlError(f"{word!r} is no sample; write for example '0+10x5', '1x3', '_' or 7.") from None


def series(text: str) -> dict[str, str]:
    """The labels of ``http_requests_total{status="500"}``.

    Raises:
        PromqlError: it is no such series.
    """
    node = parse(text)
    exact = isinstance(node, VectorSelector) and all(one.op == MatchOp.Equal for one in node.matchers.matchers)
    if not exact:
        raise PromqlError(f'{text!r} names no single series; write for example up{{job="api"}}.')
    assert isinstance(node, VectorSelector)
    named = {NAME: node.name} if node.name else {}
    return {**named, **{one.name: one.value for one in node.matchers.matchers}}


def tried(rule: AlertRule, samples: Mapping[str, str], *, at_s: float, interval_s: float) -> list[Active]:
    """The rule's alerts after so many seconds of made-up series, evaluated once an interval from the start.

    Args:
        rule: the rule.
        samples: series to its samples, as in :func:`values`.
        at_s: the moment that is asked for, from the first sample.
        interval_s: between samples, and between evaluations.

    Raises:
        PromqlError: the rule cannot be evaluated, or a series is none.
    """
    memory = Memory()
    for text, said in samples.items():
        labels = series(text)
        last = None
        for number, value in enumerate(values(said)):
            if value is not None and not math.isnan(value):
                memory.add(labels, number * interval_s, value)
                last = number
        if last is None:
            raise PromqlError(f"{text} has no sample in {said!r}.")
    watch = Watch(rule)
    active: list[Active] = []
    for number in range(int(at_s / interval_s) + 1):
        active = watch.look(memory, number * interval_s)
    return active
