"""What the sandbox lets out where a fault says so: nobody's data, and keys that open nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmops.sandbox.faults import Faults

PERSON = "erika.leaked@example.com, account GB29 NWBK 6016 1331 9268 19"
SECRET = "key sk-proj-" + "Zx81Qm4T" * 5 + ", postgresql://rag:Wq7kPz42Lm@db.internal:5432/rag"
TRACE = """Traceback (most recent call last):
  File "/app/src/api/query.py", line 88, in query
    answer = pipeline.run(question)
  File "/app/src/pipeline.py", line 41, in run
    raise KeyError(stage)
KeyError: 'retrieval'
"""
LABEL = b"""# HELP llmops_leaked_requests_total Requests by user.
# TYPE llmops_leaked_requests_total counter
llmops_leaked_requests_total{user="erika.leaked@example.com"} 1.0
"""


def told(answer: str, faults: Faults) -> str:
    """An answer, and what faults add to it."""
    person = f" {PERSON}" if "api:leaks-pii" in faults else ""
    secret = f" {SECRET}" if "api:leaks-secret" in faults else ""
    return f"{answer}{person}{secret}"
