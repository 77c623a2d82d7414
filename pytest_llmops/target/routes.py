"""What an API's routes, health and figures look like: data that clients carry out and the sandbox serves."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from pytest_llmops.target.table import JmesPath, Regex, Table


class Route(Table):
    """One route of an HTTP API: how to ask, and where the parts of the answer are (JMESPath)."""

    method: Literal["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"] = "GET"
    path: str = Field(description="Below the component's url; may hold placeholders such as {user}.")
    body: dict[str, Any] | None = Field(None, description="JSON template; {prompt} and others are filled in.")
    params: dict[str, Any] = Field({}, description="Query parameters, filled in the same way.")
    role: str | None = Field(None, description="Which of auth.roles signs it.")
    answer: JmesPath | None = Field(None, description="JMESPath to the answer.")
    sources: JmesPath | None = Field(None, description="JMESPath to the list of source ids.")
    blocked: JmesPath | None = Field(None, description="JMESPath, true where the answer is a block.")
    events: JmesPath | None = Field(None, description="JMESPath to a list of {at, type} for an audit route.")


class Accepted(Table):
    """Where a dependency's state stands in the health body, and which values are good."""

    path: JmesPath = Field(description="JMESPath.")
    accept: list[Any] = Field(min_length=1)


class Health(Table):
    """When an API is healthy: status AND accepted body values AND its dependencies."""

    route: str = "health"
    status: list[int] = [200]
    accept: dict[JmesPath, list[Any]] = Field({}, description="JMESPath to the values that are good.")
    dependencies: dict[str, Accepted] = {}
    timestamp: JmesPath | None = Field(None, description="JMESPath to the time of the answer (epoch or ISO 8601).")


class Kpi(Table):
    """A figure that is computed from the API's Prometheus metrics.

    The value is ``scale`` x sum(metric{where}) / sum(over{over_where}); without ``over`` the sum alone. With
    ``quantile`` it is that quantile of the histogram, by linear interpolation within its buckets.
    """

    metric: list[str] = Field(min_length=1)
    where: dict[str, Regex] = Field({}, description="Label to a regular expression that its whole value matches.")
    over: list[str] = []
    over_where: dict[str, Regex] = {}
    by: str | None = Field(None, description="A label: the figure is the share of each of its values.")
    quantile: float | None = Field(None, gt=0, lt=1)
    scale: float = 1.0
    unit: str = ""
