"""A component that does not answer: said once, by name, however many tests it costs."""

import pytest

USES = """
    import pytest

    @pytest.mark.parametrize("number", range(4))
    def test_model(llm, number):
        assert llm.models()
"""


@pytest.fixture
def project(project):
    project.write("test_it.py", USES)
    return project


def started(address):
    return f"Is it started, and is {address.rpartition(':')[2]} the right port?"


@pytest.fixture
def sentence(nobody):
    return f"openai at {nobody}: GET /v1/models was refused: nothing listens there. {started(nobody)}"


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_one_section_and_one_line(project, nobody, sentence, workers):
    project.target(nobody)
    run = project.run(*workers)
    assert run.status == 1
    assert (
        len([line for line in run.lines if line.startswith("____") and " ERROR at setup of test_model[" in line]) == 1
    )
    assert run.lines[-1].strip("= ").startswith("1 error, 3 more unreachable")
    assert run.lines.count(sentence) == 1
    assert " ".join(run.out.split()).count(f"UNREACHABLE {sentence} (4 checks not made)") == 1
    assert "Traceback" not in run.out
    assert [(check["outcome"], check["category"], check["severity"]) for check in run.checks.values()] == [
        ("error", "unreachable", "critical")
    ] * 4
    (found,) = run.whole["preflight"]
    assert (found["component"], found["ok"], found["level"], found["kind"]) == ("openai", False, "", "refused")
    assert (found["failure"], found["advice"]) == (
        "GET /v1/models was refused: nothing listens there",
        started(nobody),
    )


def test_the_gate_says_12(project, nobody):
    project.target(nobody)
    assert project.run("--llmops-gate").status == 12


@pytest.mark.parametrize(("words", "status"), [([], 5), (["--llmops-gate"], 13)], ids=["plain", "gate"])
def test_what_is_not_required_is_skipped_and_named(project, nobody, sentence, words, status):
    project.target(nobody, "required = false\n")
    run = project.run("-rs", *words)
    assert run.status == status
    assert {check["reason"] for check in run.checks.values()} == {f"optional-unreachable: {sentence}"}
    assert {(check["outcome"], check["category"]) for check in run.checks.values()} == {
        ("skipped", "optional-unreachable")
    }
    assert "4 optional-unreachable" in run.lines[-1]
    assert "UNREACHABLE" not in run.out


def test_other_checks_are_made(project, nobody):
    project.target(nobody)
    project.write("test_other.py", "def test_other(llmops_target):\n    assert llmops_target.name == 'here'\n")
    run = project.run()
    assert run.checks["test_other"]["outcome"] == "passed"
    assert "1 passed" in run.lines[-1]


def test_a_server_without_a_token_is_not_reached(project, model):
    project.target(model.url)
    model.status = 500
    run = project.run()
    found = run.whole["preflight"][0]
    assert found["reason"] == (
        f'openai at {model.url}: POST /v1/chat/completions answered 500: {{"error": "no luck "}} '
        "(level reached: model listed). It is there and fails: its own log says why."
    )
    assert found["kind"] == "server-error"
    assert list(found["times"]) == ["reachable", "model listed"]
    assert run.status == 1


def test_an_unverified_certificate_is_said_at_the_start_and_at_the_end(project, nobody):
    project.target(nobody.replace("http:", "https:"), "tls = { verify = false }\n")
    project.write("test_it.py", "def test_it(llm):\n    assert llm.models()\n")
    run = project.run()
    loud = (
        "llmops.toml: [targets.here.components.openai] accepts ANY certificate (tls.verify = false): "
        "whoever sits between can read the key and change the answers"
    )
    said = [index for index, line in enumerate(run.lines) if line in {f"llmops: {loud}", f"WARNING      {loud}"}]
    assert len(said) == 2, run.out
    assert run.lines[said[0]].startswith("llmops: ")
    assert said[0] < run.lines.index("") < said[1]
