"""Numbers out of Prometheus' answers to expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Reading:
    """One series at one moment.

    Attributes:
        labels: of the series, its name as ``__name__`` where the expression keeps it; empty for a scalar.
        value: as the server gave it, so it may be NaN or infinite.
        at: epoch seconds.
    """

    labels: Mapping[str, str]
    value: float
    at: float

    def __str__(self) -> str:
        return f"{written(self.labels)} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Curve:
    """One series over a time.

    Attributes:
        labels: as in :class:`Reading`.
        points: (epoch seconds, value) in order; moments at which the series was not there are left out.
    """

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def values(self) -> tuple[float, ...]:
        """The values alone."""
        return tuple(value for _, value in self.points)


def written(labels: Mapping[str, str]) -> str:
    """A series as Prometheus writes it: ``up{job="api"}``."""
    inside = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != "__name__")
    return f"{labels.get('__name__', '')}{{{inside}}}"


def readings(data: Mapping[str, Any]) -> list[Reading]:
    """The ``data`` of an instant query: one reading a series, one without labels for a scalar.

    Raises:
        ValueError: it holds no numbers; says what it holds, and how to ask for numbers.
        KeyError, TypeError: it is not what Prometheus answers.
    """
    kind, result = data["resultType"], data["result"]
    if kind == "scalar":
        return [_reading({}, result)]
    if kind == "vector":
        return [_reading(item["metric"], _plain(item, "value")) for item in result]
    if kind == "matrix":
        raise ValueError("is series over a time, not at one moment; drop the [...], or ask with range()")
    raise ValueError(f"is a {kind}, not a number")


def curves(data: Mapping[str, Any]) -> list[Curve]:
    """The ``data`` of a range query, one curve a series.

    Raises:
        ValueError, KeyError, TypeError: as in :func:`readings`.
    """
    return [
        Curve(item["metric"], tuple((float(at), float(value)) for at, value in _plain(item, "values")))
        for item in data["result"]
    ]


def _reading(labels: Mapping[str, str], pair: Any) -> Reading:
    at, value = pair
    return Reading(labels, float(value), float(at))


def _plain(item: Mapping[str, Any], key: str) -> Any:
    """The floats of a series; native histograms are under another key."""
    if key not in item and item.keys() & {"histogram", "histograms"}:
        raise ValueError("is a native histogram; ask for histogram_count(), histogram_sum() or histogram_quantile()")
    return item[key]
