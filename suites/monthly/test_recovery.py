"""After a recovery: is the model server as quick as it was before?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.recovery import Recovered
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.samples import Workload


@pytest.mark.procedure("voyageur.dr.recovery-benchmark", fault="llm:slower-after=1.6")
def test_model_server_is_as_quick_as_before(
    change: Change,
    recovered: Callable[[str, Callable[[], object]], Recovered],
    ollama: Ollama,
    prompts: Workload,
    measure: Measure,
    record: Record,
) -> None:
    """Once it was started anew, and its model is in memory again, answers take no longer than they did."""
    before = measure(
        "benchmark_before_recovery", ollama, lambda llm, prompt: llm.generate(prompt), prompts=prompts, keep=True
    )
    back = recovered("ollama", lambda: change.restart("ollama"))
    change.keep("ollama")
    record("recovery_time[ollama]", back.took_s, "s", of=back.seen)
    measure(
        "benchmark_after_recovery", ollama, lambda llm, prompt: llm.generate(prompt), prompts=prompts, before=before
    )
