"""What reading figures will cost, by their tables alone."""

from pytest_llmops.plugin.figure_cost import cost_of_figures
from pytest_llmops.target.load import load


def test_a_machine_that_works_for_us_is_called(tmp_path):
    target = load(None, "sandbox:aegis-rag", tmp_path, {})
    now, at_work = (cost_of_figures([name], target) for name in ("gpu_utilisation", "gpu_utilisation_at_work"))
    assert (now.operations, now.tokens) == ({"machine.gpu_utilisation": 1}, 0)
    assert at_work.operations == {"machine.gpu_utilisation": 1, "ollama.generate": 5}
    assert at_work.tokens == 5 * target.table.components.ollama.max_tokens


def test_a_page_is_visited_or_probed(tmp_path):
    target = load(None, "sandbox:agent-aiops", tmp_path, {})
    cost = cost_of_figures(["error_rate[page]", "availability[ui]"], target)
    assert cost.once == {"calls-ui": {"ui.visit": 3}, "probes-ui": {"ui.probe": 5}}
    assert cost.tokens == 0


def test_calls_that_several_figures_read_are_made_once(tmp_path):
    target = load(None, "sandbox:aegis-rag", tmp_path, {})
    cost = cost_of_figures(["generation_success_rate", "generation_latency_slowest", "model_load_time"], target)
    assert (cost.operations, cost.once) == ({}, {"calls-ollama": {"ollama.generate": 5}})
    assert cost.tokens == 5 * target.table.components.ollama.max_tokens


def test_a_vector_store_searches(tmp_path):
    target = load(None, "sandbox:aegis-rag", tmp_path, {})
    cost = cost_of_figures(["search_latency_slowest"], target)
    assert (cost.once, cost.tokens) == ({"calls-qdrant": {"qdrant.search": 5}}, 0)
