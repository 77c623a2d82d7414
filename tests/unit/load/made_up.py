"""Plans, calls and reports that nobody has carried out."""

import json
from math import nan

import numpy as np

from pytest_llmops.load.plan import LoadPlan, Request
from pytest_llmops.load.recording import RECORD, Batch
from pytest_llmops.target.prompts import PromptText


def request(name="ask", prompts=2, **more):
    asked = tuple(PromptText(id=f"p{number}", text=f"question {number}") for number in range(prompts))
    given = {"name": name, "component": "api", "operation": "route", "route": "query", "prompts": asked}
    return Request(**(given | more))


def plan(*stages, **more):
    given = {"name": "load", "target": "t", "table": {}, "requests": [request()], "stages": stages}
    return LoadPlan(**(given | more))


def calls(*rows):
    """Of (number, started, delay, service, kind) each."""
    found = np.zeros(len(rows), RECORD)
    for place, (number, started, delay, service, kind) in enumerate(rows):
        found[place] = (number, 0, 0, kind, 9, -1, started, delay, service, nan, nan, nan)
    return found


def line(**batch):
    return json.dumps(Batch(**batch).as_json())
