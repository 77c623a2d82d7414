"""summary.md: what a reviewer has to know, each thing once, whatever the names and reasons hold."""

import re

import pytest

from pytest_llmops.errors import LlmopsError
from pytest_llmops.report.summary import COMMENT, REST, ROWS, STEP, VERDICT, append, markdown, write
from pytest_llmops.target.secrets import Redactor


def metric(name, value, state="ok", *, ratio=None, n=30, suspect=False, reason=""):
    low, high = (None, None) if ratio is None else (ratio - 0.1, ratio + 0.1)
    baseline = value / ratio if ratio else None
    return {
        "name": name, "unit": "s", "value": value, "baseline": baseline, "ratio": ratio, "low": low, "high": high,
        "n": n, "state": state, "suspect": suspect, "threshold": None, "reason": reason,
    }  # fmt: skip


def check(test, outcome="passed", category="", reason="", metrics=()):
    return {"test": test, "outcome": outcome, "category": category, "reason": reason, "metrics": list(metrics)}


def run(*checks, status=0, **more):
    return {
        "target": "staging",
        "profile": "rag",
        "environment": "staging",
        "exit_status": status,
        "duration_s": 12.4,
        "not_applicable": {},
        "not_made": {"checks": 0, "timed": 0},
        "spent": {"requests": 120, "tokens": 800, "seconds": 3.0},
        "twin": None,
        "missing": [],
        "left_changed": [],
        "checks": list(checks),
        **more,
    }


def section(text, heading):
    """The lines under a heading that hold something."""
    _, _, rest = text.partition(f"### {heading}\n")
    return [line for line in rest.partition("\n### ")[0].splitlines() if line]


def test_a_green_run_is_a_few_lines():
    assert markdown(run(check("t.py::a"), check("t.py::b"))).splitlines() == [
        "## staging: passed (exit status 0: all well)",
        "",
        "target **staging** · profile **rag** · environment **staging**",
        "",
        "2 passed · 120 calls, 800 tokens, 12 s",
    ]


@pytest.mark.parametrize(("status", "verdict"), VERDICT.items())
def test_the_heading_says_the_exit_status_in_words(status, verdict):
    heading = markdown(run(check("a"), status=status)).partition("\n")[0]
    assert heading == f"## staging: {verdict[0]} (exit status {status}: {verdict[1]})"


def test_a_run_of_somebody_elses_tests_alone_is_not_called_well():
    heading = markdown(run()).partition("\n")[0]
    assert heading == "## staging: passed (exit status 0: none of these tests is a check)"


def test_a_run_without_a_target_has_a_heading_all_the_same():
    nothing = run(status=13, target="", profile="", environment="")
    assert markdown(nothing).splitlines()[:3] == [
        "## llmops: blocked (exit status 13: nothing was checked)",
        "",
        "no check made · 120 calls, 800 tokens, 12 s",
    ]


def test_what_was_left_out_and_what_was_not_made_is_counted():
    some = run(check("a"), status=1, not_applicable={"no grafana": 2, "other": 1}, not_made={"checks": 4, "timed": 3})
    assert "1 passed, **4 not made** (3 of them timed), 3 left out (not applicable) · 120 calls" in markdown(some)


def test_a_failed_check_is_one_line_whatever_it_says():
    red = check("t.py::test_x[a|b]", "failed", "failed", "assert 'a|b' == `c`\n  at t.py:3\n  try: curl")
    assert section(markdown(run(red, status=1)), "Failed") == [
        "| check | class | why |",
        "| --- | --- | --- |",
        r"| <code>t.py::test_x\[a&#124;b\]</code> | failed | assert 'a&#124;b' == \`c\` |",
    ]


def test_an_unreachable_component_is_one_line_however_many_checks_it_cost():
    red = [check(f"t.py::{n}", "error", "unreachable", "redis at redis://r: refused\nmore") for n in "abc"]
    text = markdown(run(*red, status=12))
    assert section(text, "Failed")[2:] == ["| 3 checks | unreachable | redis at redis://r: refused |"]
    assert section(text, "What to do") == [
        "- **unreachable**: `llmops doctor` says how far each component gets, and what to mend"
    ]


def left(component="redis", **more):
    return {
        "test": "t.py::test_away", "component": component, "what": "container a|b", "act": "kill", "state": "running",
        "why": "start was not seen within 60 s", "by_hand": [f"docker start {component}"], **more,
    }  # fmt: skip


RECOVER = (
    "- **left changed**: `llmops recover` beside llmops.toml; until it has found all as it was, no disruptive test "
    "runs on the target, and other results may be of what is left changed"
)


def test_a_target_that_is_left_changed_is_said_before_all_else_though_every_check_passed():
    text = markdown(run(check("t.py::test_away"), status=1, left_changed=[left(), left("ollama", by_hand=[])]))
    assert text.startswith("## staging: blocked (exit status 1: the target is NOT as it was)\n")
    assert re.findall("### (.*)", text) == ["Left changed", "What to do"]
    was = (
        "(container a&#124;b) was running before kill in <code>t.py::test_away</code>, and is to be so again: "
        "start was not seen within 60 s"
    )
    assert section(text, "Left changed") == [
        f"- **redis** {was}",
        f"- **ollama** {was}",
        "By hand, then `llmops recover`, which looks whether it is so:",
        "```",
        "docker start redis",
        "```",
    ]
    assert section(text, "What to do") == [RECOVER]


def test_a_command_to_type_is_whole_whatever_it_holds():
    long = f"sh -c 'echo ```{'x' * 400}|$HOME'"
    text = markdown(run(status=1, left_changed=[left(by_hand=[long, "docker start b"])]))
    assert section(text, "Left changed")[-4:] == ["````", long, "docker start b", "````"]


def test_beside_what_else_stopped_the_run_it_is_said_too():
    heading = markdown(run(status=2, left_changed=[left()])).partition("\n")[0]
    assert heading == (
        "## staging: interrupted (exit status 2: the run was stopped before its end, and the target is NOT as it was)"
    )


def test_where_the_journal_is_damaged_nobody_knows_and_that_is_said():
    nobody = dict.fromkeys(("test", "component", "what", "act", "state"), "") | {"why": "line 2", "by_hand": []}
    text = markdown(run(status=1, left_changed=[nobody]))
    assert text.startswith("## staging: blocked (exit status 1: nobody knows whether the target is as it was)\n")
    assert section(text, "Left changed") == ["- **nobody knows whether the target is as it was**: line 2"]


MANY = run(
    check("t.py::a", metrics=[metric("slower", 0.2, "regression", ratio=1.6, n=60), metric("ok", 0.1, ratio=1.0)]),
    check("t.py::b", metrics=[metric("odd", 0.2, "inconclusive", ratio=1.25, suspect=True, reason="too few calls")]),
    check("t.py::c", metrics=[metric("new", 0.2, "no-baseline"), metric("new.ttft", 0.1, "no-baseline")]),
    check("t.py::d", metrics=[metric("unlike", 0.2, "not-comparable", reason="model is a now, b in the baseline")]),
    check("t.py::e", "error", "void", "x says nothing", [metric("x", None, "void", n=0, reason="x says nothing")]),
    check("t.py::f", metrics=[metric("fast", 0.1, "improvement", ratio=0.5)]),
    check("t.py::g", metrics=[metric("unsure", 0.1, "inconclusive", ratio=1.1)]),
    check("t.py::h", "waived", "threshold", "waived until 2026-12-01 by sre: filling"),
    status=11,
    missing=[
        {"metric": name, "check": "t.py::old", "reason": f"{name} has a baseline, but t.py::old is no longer there"}
        for name in ("old", "old.ttft")
    ],
)


def test_the_metrics_that_matter_come_first_and_the_others_behind_a_click():
    rows = section(markdown(MANY), "Timed")
    assert rows[0] == "| metric | state | now | baseline | times worse (95 % limits) | n |"
    assert rows[2] == "| <code>slower</code> | regression | 200 ms | 125 ms | 1.60 (1.50-1.70) | 60 |"
    assert [row.split("|")[2].strip() for row in rows[3:10]] == [
        "void",
        "inconclusive, suspect",
        "inconclusive",
        "no-baseline",
        "no-baseline",
        "not-comparable",
        "improvement",
    ]
    assert rows[10:12] == ["<details>", "<summary>1 more as they should be</summary>"]
    assert rows[-2:] == ["| <code>ok</code> | ok | 100 ms | 100 ms | 1.00 (0.90-1.10) | 30 |", "</details>"]


def test_what_is_not_settled_is_named_by_class():
    assert section(markdown(MANY), "Not settled") == [
        "- **suspect**: <code>odd</code>: too few calls",
        "- **inconclusive**: <code>unsure</code>",
        "- **no-baseline**: <code>new</code>, <code>new.ttft</code>",
        "- **not comparable**: <code>unlike</code>: model is a now, b in the baseline",
        "- **void**: <code>x</code>: x says nothing",
        "- **missing**: <code>old</code>, <code>old.ttft</code>: t.py::old is no longer there",
        "- **waived**: <code>t.py::h</code>: waived until 2026-12-01 by sre: filling",
        "- **improved**: <code>fast</code>",
    ]


def test_a_primary_that_nothing_measured_is_mended_in_the_file_and_not_by_accepting():
    gone = {"metric": "aaaa", "check": "", "reason": "aaaa is in baseline.primary, but no check measured it."}
    said = section(markdown(run(status=11, missing=[gone])), "What to do")
    assert said == ["- **primary**: mend the name in `baseline.primary` of llmops.toml; as it is, it gates nothing"]


def test_what_to_do_names_each_thing_once_and_how_a_run_is_accepted():
    assert section(markdown(MANY), "What to do") == [
        "- **void**: mend the measurement as the reason says; as it is, it says nothing of the target",
        "- **suspect**: run it again",
        "- **regression**: find what made it slower; or accept it as the new normal",
        "- **no baseline**: accept a first one",
        "- **not comparable**: put the old conditions back, or accept a baseline under the new ones",
        "- **improved**: accept it, or a later slowdown back to the old level passes unseen",
        "- **missing**: bring the check back; or, renamed or deleted on purpose, accept a run without it",
        "To accept a run:",
        "```",
        "pytest … --llmops-baseline record",
        'llmops baseline accept --replace --reason "why this is normal now"',
        "```",
    ]


NOT_RUN = (
    "- **not run**: the log says why: an option, or a line of llmops.toml, is wrong; an earlier run left the target "
    "changed (`llmops recover`); or another is changing it"
)


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (run(status=1), "- **failed**: a test that is none of these checks; the log names it"),
        (
            run(check("a", "failed", "failed", "x"), status=1),
            "- **failed**: where calls were made, the log has the command that repeats the last one",
        ),
        (
            run(check("a", "error", "not-installed", "x"), status=1),
            "- **not installed**: install the packages that are named, where the tests run",
        ),
        (
            run(status=2, not_made={"checks": 1, "timed": 0}),
            "- **not made**: the end of the log says what stopped the run; what was not made is not known to be well",
        ),
        (run(status=2), "- **interrupted**: run it again"),
        (run(status=3), "- **internal error**: of pytest or of a plugin; the log has it"),
        (run(status=4), NOT_RUN),
        (run(status=5), "- **nothing executed**: `pytest --llmops-plan` says what would run"),
        (
            run(status=13),
            "- **nothing checked**: `pytest --llmops-plan` says what would run; nothing checked is never green",
        ),
    ],
)
def test_what_to_do_where_no_baseline_has_to_do_with_it(result, line):
    assert section(markdown(result), "What to do")[0] == line


def test_an_error_rate_of_zero_is_not_spoken_of():
    quiet = metric("x.error_rate", 0.0, "inconclusive") | {"unit": ""}
    loud = metric("y.error_rate", 0.1, "inconclusive", ratio=1.2) | {"unit": ""}
    text = markdown(run(check("a", metrics=[quiet, loud])))
    assert "x.error" not in text
    assert section(text, "Not settled") == ["- **inconclusive**: <code>y.error_rate</code>"]
    assert "| <code>y.error_rate</code> | inconclusive | 10 % | 8.33 % | 1.20 (1.10-1.30) | 30 |" in text


def test_side_by_side_the_other_is_named_and_nothing_is_accepted():
    twin = {"called": "next_", "profile": "rag", "environment": "staging", "preflight": [], "spent": {}}
    found = [metric("fast", 0.1, "improvement", ratio=0.5), metric("slow", 0.1, "regression", ratio=1.5)]
    text = markdown(run(check("a", "failed", "regression", "slow is slower", found), status=10, twin=twin))
    assert text.startswith(
        "## staging: blocked (exit status 10: slower than next\\_, and nothing else failed)\n\n"
        "target **staging** · profile **rag** · environment **staging** · called in turns with **next\\_**\n"
    )
    assert "| next\\_ | times worse" in text
    assert section(text, "What to do") == ["- **regression**: find what makes it slower than next\\_"]


def test_a_long_table_is_counted_not_shown():
    red = [check(f"t.py::test_{number}", "failed", "failed", "no") for number in range(ROWS + 3)]
    rows = section(markdown(run(*red, status=1)), "Failed")
    assert len(rows) == 2 + ROWS + 1
    assert rows[-1] == "… and 3 more, in `run.json`"


@pytest.mark.parametrize("secret", ["s3cret|value", "_päss*wörd_", "a`b`c"])
def test_no_secret_is_left_however_it_would_be_escaped(tmp_path, secret):
    red = check("t.py::a", "failed", "failed", f"key {secret}!")
    path = write(tmp_path, run(red, status=1), Redactor([secret]))
    assert path == tmp_path / "summary.md"
    assert r"| key \[redacted\]! |" in path.read_text()
    assert [file.name for file in tmp_path.iterdir()] == ["summary.md"]


LONG = run(*[check(f"t.py::{'é' * 250}{n}", "waived", "", "ü" * 400) for n in range(ROWS)], status=1)


def test_what_says_nothing_is_counted_beyond_a_page_and_hides_nothing_that_follows():
    vacuous = [{"kind": "rule", "what": f"r{number}", "why": "w" * 400, "known": ""} for number in range(200)]
    found = section(markdown(run(vacuous=vacuous)), "Says nothing")
    assert found[1] == "<summary>200 vacuous</summary>"
    assert len(found) == ROWS + 4
    assert found[-2:] == ["- … and 160 more, in `run.json`", "</details>"]


def test_the_file_is_no_longer_than_a_comment_may_be(tmp_path):
    wide = [metric(f"{'é' * 280}{n}", 0.1, "no-baseline") for n in range(90)]
    text = write(tmp_path, LONG | {"checks": [*LONG["checks"], check("x", metrics=wide)]}, Redactor()).read_text()
    assert len(text.encode()) <= COMMENT
    assert text.endswith(f"\n{REST}\n")


def test_the_steps_own_summary_is_added_to(tmp_path):
    step = tmp_path / "step"
    step.write_text("# Before\n")
    for _ in range(2):
        assert append(step, run(check("a")), Redactor()) == step
    assert step.read_text() == "# Before\n" + 2 * f"\n{markdown(run(check('a')))}"


def test_a_steps_summary_never_grows_above_its_limit(tmp_path):
    step = tmp_path / "step"
    step.write_text("x" * (STEP - 700))
    append(step, LONG, Redactor())
    assert STEP - 700 < step.stat().st_size <= STEP
    assert step.read_text().endswith(f"\n{REST}\n")


def test_a_full_one_is_left_alone_and_said(tmp_path):
    step = tmp_path / "step"
    step.write_text("x" * STEP)
    with pytest.raises(LlmopsError) as error:
        append(step, run(check("a")), Redactor())
    assert str(error.value) == f"{step} holds {STEP} bytes already; GitHub shows no summary of a step above {STEP}."
    assert step.stat().st_size == STEP
