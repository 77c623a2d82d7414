import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.samples import (
    COLD_S,
    STATISTICS,
    Metric,
    Prompt,
    Sample,
    Series,
    Stream,
    Workload,
    cold_load_of,
    metrics_of,
)
from pytest_llmops.samples import split_statistic as split


def sample(duration_s, prompt="a", times=(), tokens_out=None, error=None):
    return Sample(prompt, 1_700_000_000.0, duration_s, Stream(times, tokens_out), error)


def test_a_streamed_answer_gives_three_metrics():
    samples = [sample(1.0, "a", (0.2, 0.4, 0.8), 4), sample(2.0, "b", (0.5, 0.9), 3)]
    assert metrics_of("generation", samples) == [
        Metric("generation", "s", Series((1.0, 2.0), ("a", "b"))),
        Metric("generation.ttft", "s", Series((0.2, 0.5), ("a", "b"))),
        Metric("generation.tpot", "s", Series((pytest.approx(0.2), pytest.approx(0.2)), ("a", "b"))),
    ]


def streamed(duration_s, prompt="a", **stream):
    return Sample(prompt, 1_700_000_000.0, duration_s, Stream(**stream))


def test_reasoning_gives_the_first_token_of_the_answer_too():
    samples = [
        streamed(1.0, "a", token_times_s=(0.2, 0.6, 0.8), tokens_out=3, first_answer_s=0.6, reasoned=True),
        streamed(1.0, "b", token_times_s=(0.3, 0.4), tokens_out=2, first_answer_s=0.3),  # not reasoned about
        streamed(1.0, "c", token_times_s=(0.2, 0.4), tokens_out=2, reasoned=True),  # ended before it began
    ]
    found = {metric.name: metric.series for metric in metrics_of("x", samples)}
    assert list(found) == ["x", "x.ttft", "x.ttfo", "x.tpot"]
    assert found["x.ttft"].values == (0.2, 0.3, 0.2)
    assert found["x.ttfo"] == Series((0.6, 0.3), ("a", "b"))


def test_without_reasoning_the_first_token_is_the_answers():
    samples = [streamed(1.0, token_times_s=(0.2, 0.6), tokens_out=2, first_answer_s=0.2)]
    assert [metric.name for metric in metrics_of("x", samples)] == ["x", "x.ttft", "x.tpot"]


def test_a_cold_call_is_in_no_latency():
    times = {"token_times_s": (0.2, 0.6), "tokens_out": 3, "first_answer_s": 0.2}
    samples = [
        streamed(41.0, "a", **times | {"reasoned": True}, load_s=40.0),
        streamed(1.0, "b", **times, load_s=COLD_S / 2),
        streamed(1.0, "c", **times),
        sample(3.0, "d", error="timeout"),
    ]
    assert [one.cold for one in samples] == [True, False, False, False]
    whole, ttft, tpot = metrics_of("x", samples)
    assert (whole.series, ttft.series.prompts, tpot.series.prompts) == (
        Series((1.0, 1.0), ("b", "c"), failures=1),
        ("b", "c"),
        ("b", "c"),
    )
    assert cold_load_of("x", samples) == Metric("x.cold_load", "s", Series((40.0,), ("a",)))
    assert cold_load_of("x", samples[1:]) is None


def test_an_answer_that_was_not_streamed_gives_one():
    assert [metric.name for metric in metrics_of("query", [sample(1.0)])] == ["query"]


def test_failures_are_counted_and_never_values():
    samples = [sample(1.0, "a", (0.2,)), sample(30.0, "b", (0.1,), error="timeout"), sample(2.0, "c")]
    whole, ttft = metrics_of("query", samples)
    assert whole.series == Series((1.0, 2.0), ("a", "c"), failures=1)
    assert ttft.series == Series((0.2,), ("a",), failures=1)
    assert whole.series.calls == 3


def test_without_a_single_success_the_whole_call_is_still_there():
    assert metrics_of("query", [sample(1.0, error="refused")]) == [Metric("query", "s", Series((), (), 1))]


@pytest.mark.parametrize(
    ("times", "tokens_out", "tpot_s"),
    [
        ((0.5, 0.7, 1.3), 5, 0.2),  # five tokens in three chunks: the server's count decides
        ((0.5, 0.7), None, None),
        ((0.5, 0.7), 1, None),
        ((0.5,), 5, None),
        ((), 5, None),
        ((0.5, 0.6, 0.7), 2, None),  # each of three chunks carried a token: two is no count of them
        ((0.5, 0.5, 0.5), 3, None),  # read together: no token has a time of its own
    ],
)
def test_time_per_token_needs_the_servers_count_and_two_moments(times, tokens_out, tpot_s):
    assert Stream(times, tokens_out).tpot_s == (None if tpot_s is None else pytest.approx(tpot_s))


def test_tokens_that_were_not_streamed_take_no_time_of_those_that_were():
    assert Stream((0.5, 0.7, 1.3), 105, hidden=100).tpot_s == pytest.approx(0.2)
    assert Stream((0.5, 0.7, 1.3), 105, hidden=104).tpot_s is None


def test_without_a_token_there_is_no_first():
    assert Stream().ttft_s is None


@given(metric=st.text(alphabet="abc_.[]", min_size=1), which=st.sampled_from(STATISTICS))
def test_a_statistic_is_split_from_its_metric(metric, which):
    assert split(f"{metric}.{which}") == (metric, which)


@pytest.mark.parametrize("name", ["generation", "generation.ttft", "p95", "generation.p42", "answer[p95]"])
def test_a_name_that_ends_in_no_statistic_means_the_typical_value(name):
    assert split(name) == (name, "typical")


def test_a_series_has_a_prompt_for_each_value_or_none_at_all():
    assert Series((1.0, 2.0)).prompts == ()
    with pytest.raises(ValueError, match="prompt ids") as caught:
        Series((1.0, 2.0), ("a",))
    assert str(caught.value) == "2 values, but 1 prompt ids"


prompts = st.lists(
    st.builds(Prompt, st.text(min_size=1), st.text(), st.text()), min_size=1, max_size=4, unique_by=lambda p: p.id
)


@given(prompts=prompts, data=st.data())
def test_the_digest_changes_with_ids_texts_and_order_alone(prompts, data):
    digest = Workload(tuple(prompts)).digest
    assert len(digest) == 12
    assert Workload(tuple(Prompt(p.id, p.text, p.expect + "!") for p in prompts)).digest == digest
    changed = data.draw(st.sampled_from(prompts))
    for other in (Prompt(changed.id + "!", changed.text), Prompt(changed.id, changed.text + "!")):
        assert Workload(tuple(other if p == changed else p for p in prompts)).digest != digest
    if len(prompts) > 1:
        assert Workload(tuple(reversed(prompts))).digest != digest


def test_a_workload_goes_round_and_round():
    workload = Workload((Prompt("a", "x", expect="1"), Prompt("b", "y")))
    assert [prompt.id for prompt, _ in zip(workload.rounds(), range(5), strict=False)] == ["a", "b", "a", "b", "a"]
    assert (len(workload), workload[1].id, [p.id for p in workload]) == (2, "b", ["a", "b"])
    assert [prompt.id for prompt in workload.known] == ["a"]


def test_a_workload_without_prompts_cannot_be():
    with pytest.raises(ValueError, match="workload") as caught:
        Workload(())
    assert str(caught.value) == "a workload needs at least one prompt"
