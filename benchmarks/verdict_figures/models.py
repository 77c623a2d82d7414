"""Six latency models: log seconds of calls, around zero, all with the same spread of the logs (sigma)."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.signal import lfilter
from scipy.special import polygamma

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    Logs = NDArray[np.float64]
    Model = Callable[[Generator, int, float], Logs]

INHERITED = 0.3
"""Of the drifting model: the share of a call's deviation that the next call has too."""

STRAGGLER = 0.3
"""Of the heavy model: scale of the stragglers' exponential logs; a Pareto tail of index 3.3."""


def lognormal(rng: Generator, n: int, sigma: float) -> Logs:
    return sigma * rng.normal(size=n)


def gamma(rng: Generator, n: int, sigma: float) -> Logs:
    return np.log(rng.gamma(_gamma_shape(sigma), size=n))


def weibull(rng: Generator, n: int, sigma: float) -> Logs:
    return np.log(rng.weibull(math.pi / math.sqrt(6) / sigma, size=n))


def cached(rng: Generator, n: int, sigma: float) -> Logs:
    """Three calls in ten hit a cache; three quarters of the variance lie between hit and miss."""
    gap = sigma * math.sqrt(0.75 / (0.3 * 0.7))
    return sigma / 2 * rng.normal(size=n) - gap * (rng.random(n) < 0.3)


def heavy(rng: Generator, n: int, sigma: float) -> Logs:
    """One call in ten is a straggler."""
    body = math.sqrt(sigma**2 - STRAGGLER**2 * (0.1 * 2 - 0.1**2))
    return body * rng.normal(size=n) + STRAGGLER * (rng.random(n) < 0.1) * rng.exponential(size=n)


def drifting(rng: Generator, n: int, sigma: float) -> Logs:
    """Autocorrelated: what slowed one call still slows the next."""
    shocks = math.sqrt(1 - INHERITED**2) * rng.normal(size=n)
    shocks[0] = rng.normal()
    return sigma * lfilter([1.0], [1.0, -INHERITED], shocks)


MODELS: dict[str, Model] = {model.__name__: model for model in (lognormal, gamma, weibull, cached, heavy, drifting)}


def in_turns(model: str, rng: Generator, n: int, sigma: float) -> tuple[Logs, Logs]:
    """Both arms of a side-by-side run: pairs of calls in random order; what drifts, drifts through both."""
    calls = MODELS[model](rng, 2 * n, sigma).reshape(n, 2)
    first, rows = rng.integers(2, size=n), np.arange(n)
    return calls[rows, first], calls[rows, 1 - first]


@cache
def tail_begins(model: str, sigma: float) -> float:
    """The log latency that one call in ten exceeds."""
    return float(np.quantile(MODELS[model](np.random.default_rng(17), 200_000, sigma), 0.9))


@cache
def _gamma_shape(sigma: float) -> float:
    return float(brentq(lambda k: float(polygamma(1, k)) - sigma**2, 1e-2, 1e5))
