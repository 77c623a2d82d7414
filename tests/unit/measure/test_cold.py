import pytest

from pytest_llmops.measure.cold import reloaded
from pytest_llmops.samples import Sample, Stream


def calls(*loads_s):
    return [Sample("p", 0.0, 1.0, Stream((0.1, 0.2), 5, load_s=load_s)) for load_s in loads_s]


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([calls(*[0.02] * 30)], ""),
        ([calls(*[None] * 30)], ""),
        ([calls(*[0.02] * 9, 41.0)], ""),  # one of ten, and it was once
        ([calls(*[0.02] * 38, 41.0, 40.0)], ""),  # five per cent, no more
        ([calls(*[0.02] * 28, 41.0, 40.0)], "2 of 30 calls, for 40.5 s each"),
        ([calls(*[0.02] * 10, 2.0), calls(*[0.02] * 10, 2.0)], "2 of 22 calls, for 2 s each"),
        ([calls(*[1.25] * 30)], "30 of 30 calls, for 1.25 s each"),
    ],
)
def test_a_model_that_does_not_stay_voids_the_measurement(runs, said):
    whole = (
        f"x: the model was loaded anew in {said}: it does not stay in memory. "
        f"Let the server keep it longer (Ollama: keep_alive), or give it more room."
    )
    assert reloaded("x", runs) == (whole if said else "")
