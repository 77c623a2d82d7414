"""Outcomes in plain words: skips of their own kind, sentences in place of tracebacks, waivers."""

import datetime as dt
import json
import subprocess
from shutil import which
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

from pytest_llmops.plugin.checks import Check
from pytest_llmops.plugin.outcomes import Outcomes
from pytest_llmops.plugin.sentences import Failed

from ..held import held_port

BODY = (
    '{"model": "tiny", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5, '
    '"temperature": 0, "stream": true, "stream_options": {"include_usage": true}}'
)
TODAY = dt.datetime.now().astimezone().date()
FEW = '\n[targets.here.thresholds.model_count]\nwarning = "< 2"\n'


def _waiver(until):
    return (
        f'{FEW}\n[[targets.here.waivers]]\ncheck = "test_it.py::test_count"\nreason = "one model is enough for now"\n'
        f'owner = "sre"\nuntil = {until}\n'
    )


@pytest.fixture
def project(project, model):
    project.target(model.url, FEW)
    project.write(
        "test_it.py",
        """
        def test_count(llm, record):
            record("model_count", len(llm.models()), "models")
        """,
    )
    return project


def _section(run):
    """The lines between a failure's heading and the next heading."""
    start = next(index for index, line in enumerate(run.lines) if line.startswith("____"))
    rest = run.lines[start + 1 :]
    return rest[: next(index for index, line in enumerate(rest) if line.startswith("===="))]


@pytest.mark.parametrize("kind", ["Vacuous", "Unsupported"])
def test_a_check_that_says_nothing_is_a_skip_of_its_own_kind(project, kind):
    project.write(
        "test_it.py",
        f"""
        from pytest_llmops.errors import {kind}

        def test_it(llm):
            raise {kind}("openai: nothing to count.")
        """,
    )
    run = project.run("-rs")
    word = kind.lower()
    check = run.checks["test_it"]
    assert (check["outcome"], check["category"], check["reason"]) == (
        "skipped",
        word,
        f"{word}: openai: nothing to count.",
    )
    assert run.status == 5
    assert f"SKIPPED [1] test_it.py:3: {word}: openai: nothing to count." in run.lines
    assert f"1 {word}" in run.lines[-1]
    assert "skipped" not in run.lines[-1]


def test_a_failed_call_is_one_sentence_and_no_traceback(project, model):
    model.delay_s = 0.2
    project.write("test_it.py", "def test_it(llm):\n    llm.generate('Hello', max_tokens=5, deadline_s=0.05)\n")
    run = project.run()
    assert _section(run) == [
        "openai: POST /v1/chat/completions gave no whole answer within 50 ms.",
        "  at test_it.py:1 (test_it)",
        f"  try: curl -sS -X POST {model.url}/v1/chat/completions -H 'Content-Type: application/json' -d '{BODY}'",
    ]
    assert run.checks["test_it"]["category"] == "failed"
    assert "pytest_llmops" not in run.out


@pytest.fixture
def full(tmp_path):
    """A Redis server whose memory is full; gives its port."""
    if which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with held_port() as port:
        words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--maxmemory", "1"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
            while "Ready to accept connections" not in process.stdout.readline():
                assert process.poll() is None
            yield port
            process.kill()


def test_a_failed_command_of_redis_is_shown_for_redis_cli(project, model, full):
    project.target(model.url, f'[targets.here.components.redis]\nurl = "redis://127.0.0.1:{full}/0"\n')
    project.write("test_it.py", "def test_it(redis, llm):\n    llm.models()\n    redis.keeps('k', 'v')\n")
    said, where, again = _section(project.run())
    assert said.startswith("redis: RPUSH failed: ")  # the rest is the server's own wording, which differs
    assert where == "  at test_it.py:1 (test_it)"
    key = again.partition(" RPUSH k:")[2].partition(" ")[0]
    assert again == f"  try: redis-cli -h 127.0.0.1 -p {full} RPUSH k:{key} v"


def test_a_users_own_assertion_keeps_pytests_explanation(project, model):
    project.write("test_it.py", "def test_it(llm):\n    assert len(llm.models()) == 7\n")
    run = project.run()
    assert "E       AssertionError: assert 1 == 7" in run.lines
    shown = run.lines.index(next(line for line in run.lines if "llmops: the last call of this test" in line))
    assert run.lines[shown + 1] == f"try: curl -sS -X GET {model.url}/v1/models"
    assert any("+  where 1 = len([Model(" in line for line in run.lines)
    check = run.checks["test_it"]
    assert (check["outcome"], check["reason"].partition("\n")[0]) == ("failed", "AssertionError: assert 1 == 7")
    assert run.lines[run.lines.index("FAILED       test_it.py::test_it") + 1].strip() == "AssertionError: assert 1 == 7"


def test_a_broken_threshold_says_whose_limit_it_is(project, model):
    run = project.run()
    assert _section(run) == [
        "model_count is 1 models; that is a warning (< 2)",
        "  at test_it.py:1 (test_count)",
        "  limit: llmops.toml: [targets.here.thresholds]",
        f"  try: curl -sS -X GET {model.url}/v1/models",
    ]
    check = run.checks["test_count"]
    assert (check["outcome"], check["category"], check["severity"]) == ("failed", "threshold", "normal")
    assert check["metrics"][0]["threshold"] == {"target": ">= 1", "warning": "< 2", "broken": "< 2"}


def test_a_debugger_stops_at_failures_alone(project, model):
    project.target(model.url, _waiver(TODAY + dt.timedelta(days=3)))
    project.write(
        "test_it.py",
        """
        from pytest_llmops.errors import Unsupported, Vacuous

        def test_count(llm, record):
            record("model_count", len(llm.models()), "models")

        def test_nothing_to_count(llm):
            raise Vacuous("openai: nothing to count.")

        def test_no_count(llm):
            raise Unsupported("openai: does not count.")

        def test_another_count(llm):
            assert len(llm.models()) == 3
        """,
    )
    project.write(
        "conftest.py",
        """
        def pytest_exception_interact(node, call, report):
            print("a debugger stops at", node.name)
        """,
    )
    run = project.run("-s")
    assert [check["outcome"] for check in run.checks.values()] == ["waived", "skipped", "skipped", "failed"], run.out
    assert [line.partition("stops at ")[2] for line in run.lines if "stops at" in line] == ["test_another_count"]


def test_a_waived_check_is_measured_and_does_not_fail(project, model):
    until = TODAY + dt.timedelta(days=2)
    project.target(model.url, _waiver(until))
    run = project.run("-rs")
    check = run.checks["test_count"]
    assert run.status == 0
    assert (check["outcome"], check["reason"]) == (
        "waived",
        f"waived until {until} by sre: one model is enough for now",
    )
    assert [metric["value"] for metric in check["metrics"]] == [1]
    assert "1 waived" in run.lines[-1]


@pytest.mark.parametrize("ago", [0, 1])
def test_an_expired_waiver_changes_nothing(project, model, ago):
    project.target(model.url, _waiver(TODAY - dt.timedelta(days=ago)))
    run = project.run()
    assert (run.status, run.checks["test_count"]["outcome"]) == (1, "failed")


def test_a_green_check_needs_no_waiver(project, model):
    project.target(model.url, _waiver(TODAY + dt.timedelta(days=2)).replace("< 2", "< 1"))
    assert project.run().checks["test_count"]["outcome"] == "passed"


def test_a_limit_of_the_profile_is_called_that(project, model):
    project.target(model.url)
    project.write("test_it.py", "def test_it(llm, record):\n    record('model_count', 0 * len(llm.models()))\n")
    run = project.run()
    assert _section(run)[:3] == [
        "model_count is 0; the target is >= 1",
        "  at test_it.py:1 (test_it)",
        "  limit: profile openai-compatible",
    ]


def test_what_a_value_is_of_is_said_where_it_breaks_a_limit(project, model):
    project.target(model.url)
    project.write("test_it.py", "def test_it(llm, record):\n    record('model_count', 0, 'models', of='shelf 7')\n")
    assert _section(project.run())[0] == "model_count is 0 models; the target is >= 1 (shelf 7)"


def test_calls_that_only_a_fixture_made_are_no_reproduction(project):
    project.write("test_it.py", "def test_it(llm):\n    assert 1 == 2\n")
    assert "the last call" not in project.run().out


def test_a_plain_failure_of_the_users_own_stays_plain(project):
    project.write("test_it.py", "import pytest\n\ndef test_it(llm):\n    pytest.fail('said so', pytrace=False)\n")
    run = project.run()
    assert _section(run) == ["said so"]
    assert run.checks["test_it"]["reason"] == "said so"


CAUGHT = """
    import pytest

    def test_caught(llm, record):
        with pytest.raises(pytest.fail.Exception, match="that is a warning"):
            record("model_count", len(llm.models()), "models")
        assert len(llm.models()) == 7

    @pytest.fixture
    def breaking():
        yield
        raise RuntimeError("could not tidy up")

    def test_then_torn_down(llm, record, breaking):
        record("model_count", len(llm.models()), "models")
"""


def test_the_class_of_a_failure_is_that_of_what_was_raised(project):
    project.write("test_it.py", CAUGHT)
    run = project.run("--llmops-gate")
    caught, torn_down = run.checks["test_caught"], run.checks["test_then_torn_down"]
    assert (caught["outcome"], caught["category"], caught["severity"]) == ("failed", "failed", "normal")
    assert caught["reason"].partition("\n")[0] == "AssertionError: assert 1 == 7"
    assert (torn_down["outcome"], torn_down["category"]) == ("error", "error")
    assert torn_down["reason"] == "RuntimeError: could not tidy up"
    assert run.status == 1


@pytest.mark.parametrize("category", ["threshold", "regression", "void"])
def test_only_a_judgement_that_was_raised_counts(category):
    outcomes, failed = Outcomes.__new__(Outcomes), SimpleNamespace(passed=False, skipped=False, when="call")
    check = Check("test_it.py::test_it", "", ready=False, breaches=["critical"])
    assert outcomes._category(failed, check, Failed("slower", category)) == category
    assert outcomes._category(failed, check, AssertionError("something else")) == "failed"


def test_a_check_with_a_failed_part_has_failed(project):
    project.write(
        "test_it.py",
        """
        def test_it(llm, subtests):
            for number in range(1, 4):
                with subtests.test("part", number=number):
                    assert len(llm.models()) == number
        """,
    )
    run = project.run()
    check = run.checks["test_it"]
    assert (run.status, check["outcome"], check["category"]) == (1, "failed", "failed")
    assert check["reason"].partition("\n")[0] == "AssertionError: assert 1 == 2"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["pass", "raise Vacuous('of nothing')", "pass"], (13, "skipped", "vacuous", "vacuous: of nothing")),
        (["raise Unreachable('api', 'gone')", "assert 0", "pass"], (12, "error", "unreachable", "gone")),
        (["assert 1 == 2", "assert 3 == 4"], (1, "failed", "failed", "assert 1 == 2")),
        (["pass", "pytest.skip('not this one')"], (0, "passed", "", "")),
    ],
)
def test_the_worst_part_of_a_check_decides(project, parts, expected):
    tried = [f"    with subtests.test('part'):\n        {part}" for part in parts]
    said = ["import pytest", "from pytest_llmops import Vacuous", "from pytest_llmops.errors import Unreachable"]
    (project.path / "test_it.py").write_text("\n".join([*said, "def test_it(llm, subtests):", *tried]))
    run = project.run("--llmops-gate")
    check = run.checks["test_it"]
    found = (check["outcome"], check["category"], check["reason"].partition("\n")[0])
    assert (run.status, *found) == expected, run.out


EXPECTED = """
    import unittest
    import pytest

    @pytest.mark.xfail(reason="as long as the model is old")
    def test_marked(llm):
        assert 0

    @pytest.mark.xfail(run=False)
    def test_not_run(llm):
        assert 0

    @pytest.mark.xfail
    def test_not_any_more(llm):
        pass

    def test_told(llm):
        pytest.xfail("so far")

    @pytest.mark.usefixtures("llm")
    class TestOld(unittest.TestCase):
        @unittest.expectedFailure
        def test_unit(self):
            assert 0
"""


def test_an_expected_failure_is_none(project):
    project.write("test_it.py", EXPECTED)
    run = project.run("--llmops-gate", "--junitxml=junit.xml")
    found = {check["test"].rpartition("::")[2]: (check["category"], check["reason"]) for check in run.whole["checks"]}
    assert found == {
        "test_marked": ("xfailed", "as long as the model is old"),
        "test_not_run": ("skipped", "[NOTRUN]"),
        "test_not_any_more": ("", ""),
        "test_told": ("xfailed", "so far"),
        "test_unit": ("xfailed", ""),
    }
    assert (run.status, {check["outcome"] for check in run.whole["checks"]}) == (0, {"passed", "skipped"}), run.out
    assert "checks       1 passed, 1 skipped, 3 xfailed" in run.lines
    assert 'name="llmops.outcome" value="failed"' not in (project.path / "junit.xml").read_text()


def test_what_passes_and_was_strictly_expected_to_fail_has_failed(project):
    project.write(
        "test_it.py",
        """
        import pytest

        @pytest.mark.xfail(strict=True, reason="old")
        def test_it(llm):
            pass
        """,
    )
    run = project.run("--llmops-gate")
    check = run.checks["test_it"]
    assert (run.status, check["outcome"], check["category"], check["reason"]) == (
        1,
        "failed",
        "failed",
        "[XPASS(strict)] old",
    )


def test_of_workers_that_each_run_all_the_worst_counts(project):
    project.write(
        "test_it.py",
        """
        import os
        import time

        def test_it(llm):
            time.sleep(os.environ["PYTEST_XDIST_WORKER"] == "gw1")
            assert os.environ["PYTEST_XDIST_WORKER"] == "gw1"
        """,
    )
    run = project.run("-n", "2", "--dist", "each")
    assert (run.status, run.checks["test_it"]["outcome"]) == (1, "failed"), run.out


SEVERAL = """
    import pytest
    from pytest_llmops import Unsupported

    def test_count(llm, record):
        record("model_count", len(llm.models()), "models")

    def test_call(llm):
        llm.generate("Hello", max_tokens=5, deadline_s=0.05)

    def test_unsupported(llm):
        raise Unsupported("openai: no such thing.")

    def test_skipped(llm):
        pytest.skip("not today")

    def test_plain(llm):
        assert len(llm.models()) == 7
"""


@pytest.fixture
def several(project, model):
    """What Allure and JUnit say of several failures."""
    model.delay_s = 0.2
    project.write("test_it.py", SEVERAL)

    def run(*words):
        done = project.run("--alluredir=allure", "--junitxml=junit.xml", *words, allure=True)
        results = [json.loads(file.read_text()) for file in (project.path / "allure").glob("*-result.json")]
        cases = ET.parse(project.path / "junit.xml").iter("testcase")
        return (
            done,
            {one["fullName"].rpartition("#")[2]: one for one in results},
            {case.get("name"): part.get("message") for case in cases for part in case if part.tag != "properties"},
        )

    return run


def test_allure_and_junit_say_it_in_the_same_words(several, model):
    run, results, messages = several()
    details = {name: one["statusDetails"]["message"] for name, one in results.items()}
    said = {name: (results[name]["status"], message.partition("\n")[0]) for name, message in details.items()}
    call = "openai: POST /v1/chat/completions gave no whole answer within 50 ms."
    assert said == {
        "test_count": ("failed", "model_count is 1 models; that is a warning (< 2)"),
        "test_call": ("broken", call),
        "test_unsupported": ("skipped", "unsupported: openai: no such thing."),
        "test_skipped": ("skipped", "not today"),
        "test_plain": ("failed", "AssertionError: assert 1 == 7"),
    }
    assert details == {name: check["reason"] for name, check in run.checks.items()}
    assert results["test_unsupported"]["statusDetails"]["trace"] == "category: unsupported"
    assert [results[name]["name"] for name in ("test_count", "test_plain")] == ["Count", "Plain"]
    first = {name: message.partition("\n")[0] for name, message in messages.items()}
    assert first == {
        "test_count": "model_count is 1 models; that is a warning (< 2)",
        "test_call": call,
        "test_unsupported": "unsupported: openai: no such thing.",
        "test_skipped": "not today",
        "test_plain": "AssertionError: assert 1 == 7",
    }


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["serial", "parallel"])
def test_junit_has_what_was_measured_as_properties(several, project, words):
    several("-k", "count or skipped", *words)
    cases = ET.parse(project.path / "junit.xml").iter("testcase")
    said = {case.get("name"): {one.get("name"): one.get("value") for one in case.iter("property")} for case in cases}
    assert said == {
        "test_count": {
            "llmops.target": "here",
            "llmops.outcome": "failed",
            "llmops.category": "threshold",
            "llmops.severity": "normal",
            "llmops.metric.model_count": "1 models",
            "llmops.metric.model_count.verdict": "broke < 2",
        },
        "test_skipped": {"llmops.target": "here", "llmops.outcome": "skipped", "llmops.category": "skipped"},
    }


def test_allure_says_why_a_check_is_waived_and_what_it_measured(several, project, model):
    until = TODAY + dt.timedelta(days=2)
    project.target(model.url, _waiver(until))
    _, results, _ = several("-k", "count")
    assert results["test_count"]["status"] == "skipped"
    assert results["test_count"]["statusDetails"] == {
        "message": f"waived until {until} by sre: one model is enough for now",
        "trace": "model_count is 1 models; that is a warning (< 2)\ncategory: waived",
    }


def test_allure_has_the_last_call_of_a_red_check_and_its_answer(several, project, model):
    def attached(one):
        return {part["name"]: (project.path / "allure" / part["source"]).read_text() for part in one["attachments"]}

    _, results, _ = several()
    shown = attached(results["test_count"])
    assert shown["the last call, to be repeated"].startswith("curl ")
    head, _, body = shown["its answer"].partition("\n\n")
    assert head == "GET /v1/models: 200, no content type"
    assert len(json.loads(body)["data"]) == 1
    assert set(attached(results["test_call"])) == {"the last call, to be repeated"}  # which had none
    assert not results["test_skipped"].get("attachments")


def test_allure_knows_a_check_again_serial_and_parallel_and_on_another_target_as_another(several, project):
    def identities(*words):
        for old in (project.path / "allure").glob("*"):
            old.unlink()
        return {name: (one["testCaseId"], one["historyId"]) for name, one in several("-k", "count", *words)[1].items()}

    serial = identities()
    assert identities("-n", "1") == serial
    project.write("llmops.toml", (project.path / "llmops.toml").read_text().replace("targets.here", "targets.there"))
    other = identities()
    assert other["test_count"][0] == serial["test_count"][0]
    assert other["test_count"][1] != serial["test_count"][1]


def test_allure_knows_a_check_again_whose_values_print_otherwise_in_each_run(several, project, monkeypatch):
    project.write(
        "test_it.py",
        """
        import os
        import pytest

        @pytest.mark.parametrize(("model", "target"), [(object(), "gpu")], ids=["small"])
        def test_model(llm, model, target):
            if "DIES" in os.environ:
                os._exit(3)
            assert llm.models()
        """,
    )

    def identity(*words):
        for old in (project.path / "allure").glob("*"):
            old.unlink()
        _, results, _ = several(*words)
        [one] = results.values()
        values = {part["name"]: part["value"] for part in one["parameters"] if not part.get("excluded")}
        return one["testCaseId"], one["historyId"], values

    serial = identity()
    assert serial[2] == {"target": "here"}
    assert identity("-n", "1") == serial
    monkeypatch.setenv("DIES", "1")
    assert identity("-n", "1") == serial


def test_an_expected_failure_reads_in_allure_as_it_does_elsewhere(several, project):
    project.write(
        "test_it.py",
        """
        import pytest

        @pytest.mark.xfail
        def test_it(llm):
            pytest.fail("(so far)", pytrace=False)
        """,
    )
    run, results, _ = several()
    assert run.status == 0, run.out
    assert results["test_it"]["statusDetails"]["message"] == "(so far)" == run.checks["test_it"]["reason"]


def test_a_check_whose_worker_dies_has_an_allure_result(several, project):
    project.write(
        "test_it.py",
        """
        import os
        import pytest

        class TestDying:
            @pytest.mark.monitor
            def test_dies(self, llm):
                os._exit(3)

        def test_lives(llm):
            assert llm.models()
        """,
    )
    run, results, _ = several("-n", "2")
    died, lives = results["test_dies"], results["test_lives"]
    assert (died["status"], lives["status"]) == ("broken", "passed")
    assert died["statusDetails"]["message"] == run.checks["test_dies"]["reason"]
    assert "crashed while running 'test_it.py::TestDying::test_dies'" in died["statusDetails"]["message"]
    assert died["statusDetails"]["trace"].endswith("\ncategory: crashed")
    assert died["statusDetails"]["trace"].count("category: ") == 1
    assert died["fullName"] == "test_it.TestDying#test_dies"
    labels = {label["name"]: label["value"] for label in died["labels"]}
    assert (labels["epic"], labels["feature"], labels["severity"]) == ("here", "monitor", "critical")
    project.write("test_it.py", (project.path / "test_it.py").read_text().replace("os._exit(3)", "assert 0"))
    for old in (project.path / "allure").glob("*"):
        old.unlink()
    again = several()[1]["test_dies"]
    assert {key: again[key] for key in ("fullName", "historyId", "testCaseId", "titlePath")} == {
        key: died[key] for key in ("fullName", "historyId", "testCaseId", "titlePath")
    }


def test_without_the_packages_that_know_secrets_a_red_check_is_told_without_its_answers_text(project, model):
    project.write("conftest.py", 'import sys\n\nsys.modules["detect_secrets"] = None\n')
    project.write("test_it.py", "def test_count(llm):\n    assert len(llm.models()) == 7\n")
    run = project.run("--alluredir=allure", allure=True)
    [told] = [json.loads(file.read_text()) for file in (project.path / "allure").glob("*-result.json")]
    [answer] = [one["source"] for one in told["attachments"] if one["name"] == "its answer"]
    head, why = (project.path / "allure" / answer).read_text().split("\n\n")
    assert (run.status, head) == (1, "GET /v1/models: 200, no content type"), run.out
    assert why == (
        "(its text is left out: looking for leaks needs detect-secrets: run pip install 'pytest-llmops[security]'.)"
    )


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["serial", "parallel"])
def test_half_of_a_character_in_an_answer_costs_no_report(several, project, words):
    project.write(
        "test_it.py",
        r"""
        def test_it(llm, record):
            print("printed \ud83d")
            record("said[\ud83d]", 1.0, "\ud83d")
            assert "an answer \ud83d" == "whole"
        """,
    )
    run, results, _ = several("--llmops-gate", *words)
    assert run.status == 1, run.out
    assert "not written" not in run.out
    assert "not in the history" not in run.out
    said = r"'an answer \ud83d'"
    assert said in run.checks["test_it"]["reason"]
    assert said in results["test_it"]["statusDetails"]["message"]
    assert "an answer" in (project.path / "reports" / "summary.md").read_text()
    assert "an answer" in (project.path / "reports" / "board.html").read_text()
