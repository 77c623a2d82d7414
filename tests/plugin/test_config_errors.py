"""What cannot be carried out is refused before anything runs: the whole sentence, no traceback, exit 4."""

import pytest

USES = """
    def test_one(llm):
        assert llm.models()

    def test_two(llm):
        assert llm.models()
"""
ADDRESS = 'profile = "openai-compatible"\n[targets.here.components.openai]\nurl = "http://127.0.0.1:9"\n'
REFUSED = {
    "a mistyped key": (
        'profil = "rag"\n',
        [],
        """llmops.toml: [targets.here] has an unknown key 'profil'. Did you mean 'profile'?""",
    ),
    "a mistyped component": (
        'components.vectors.url = "http://127.0.0.1:9"\n',
        [],
        """llmops.toml: [targets.here.components] has an unknown key 'vectors'. Did you mean 'qdrant'?""",
    ),
    "a secret that is not set": (
        ADDRESS + 'auth = { bearer = "LLMOPS_NO_SUCH_KEY" }\n',
        [],
        """llmops.toml: [targets.here.components.openai] takes its secret from the environment variable \
LLMOPS_NO_SUCH_KEY, which is not set. Set it (export LLMOPS_NO_SUCH_KEY=…) and run again.""",
    ),
    "an unknown profile": (
        'profile = "openai-compatble"\n',
        [],
        """llmops.toml: [targets.here]: unknown profile 'openai-compatble'. Did you mean 'openai-compatible'? \
Profiles: aegis-rag, aegis-rag-compose, agent-aiops, document-enhancer, enterprise-pipeline, ollama, \
openai-compatible, rag, sandbox, voyageur.""",
    ),
    "invalid TOML": (
        "profile = rag\n",
        [],
        """llmops.toml is not valid TOML: Invalid value (at line 2, column 11).""",
    ),
    "an unknown target": (
        "",
        ["--llmops-target=her"],
        """llmops.toml: unknown target 'her'. Did you mean 'here'? \
Targets: here, sandbox, sandbox:aegis-rag, sandbox:aegis-rag-compose, sandbox:agent-aiops, \
sandbox:document-enhancer, sandbox:enterprise-pipeline, sandbox:ollama, sandbox:openai-compatible, sandbox:rag, \
sandbox:voyageur.""",
    ),
    "several targets and no default": (
        "[targets.there]\n",
        [],
        """llmops.toml has several targets (here, there) and no default_target; \
set default_target or give --llmops-target NAME.""",
    ),
    "a fault of a target that is not embedded": (
        ADDRESS,
        ["--llmops-sandbox-fault=llm:down"],
        """--llmops-sandbox-fault is for embedded targets; here is not one and stays untouched.""",
    ),
    "a fault that the sandbox does not know": (
        'profile = "openai-compatible"\nenvironment = "sandbox"\n',
        ["--llmops-sandbox-fault=llm:slo=2"],
        """sandbox: unknown fault 'llm:slo'. Did you mean 'llm:slow' or 'llm:slots' or 'llm:slow-start'?""",
    ),
}
AGAIN = (
    "a secret that is not set",
    "a fault of a target that is not embedded",
    "a fault that the sandbox does not know",
)
"""Found out at three different moments: tried with workers as well."""


@pytest.fixture
def project(project):
    project.write("test_it.py", USES)
    return project


@pytest.mark.parametrize(
    ("case", "workers"), [*((case, ()) for case in REFUSED), *((case, ("-n", "2")) for case in AGAIN)]
)
def test_the_whole_sentence_and_exit_4(project, case, workers):
    text, words, sentence = REFUSED[case]
    file = project.write("llmops.toml", f"[targets.here]\n{text}")
    run = project.run(f"--llmops-config={file}", *words, *workers)
    said = [line for line in run.lines if line.startswith("ERROR")]
    assert [line.partition(" All ")[0] for line in said] == [f"ERROR: {sentence}"], run.out
    assert run.status == 4
    assert "Traceback" not in run.out
    assert run.whole is None


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_a_file_that_is_merely_found_is_read_as_strictly(project, workers):
    project.write("llmops.toml", '[targets.here]\nprofil = "rag"\n')
    run = project.run(*workers)
    assert run.status == 4, run.out
    assert "ERROR: llmops.toml: [targets.here] has an unknown key 'profil'. Did you mean 'profile'?" in run.lines
    assert "Traceback" not in run.out


def test_a_file_that_is_not_there(project):
    run = project.run("--llmops-config=nowhere.toml")
    missing = project.path / "nowhere.toml"
    sentence = f"{missing} does not exist; give the path of an llmops.toml, or leave the option out."
    assert (run.status, run.lines) == (4, [f"ERROR: {sentence}", ""])


def test_an_unknown_marker(project):
    project.write("test_it.py", "import pytest\n@pytest.mark.dayly\ndef test_it(llm): pass\n")
    assert project.run("--strict-markers").status == 2
    run = project.run("--strict-markers", "-m", "dayly")
    assert run.status == 4


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_an_unknown_procedure(project, model, workers):
    project.target(model.url)
    project.write(
        "test_it.py",
        """
        import pytest

        @pytest.mark.procedure("voyageur.morning-health.model-availabilty")
        def test_it(llm):
            pass
        """,
    )
    run = project.run(*workers)
    sentence = (
        "test_it.py::test_it: unknown procedure 'voyageur.morning-health.model-availabilty'. "
        "Did you mean 'voyageur.morning-health.model-availability'?"
    )
    assert run.status == (1 if workers else 2), run.out  # pytest-xdist's own status of a collection error is 1
    assert run.whole is None
    assert [line for line in run.lines if "unknown procedure" in line].count(sentence) == 1, run.out
    assert "Traceback" not in run.out


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_a_need_that_is_no_component(project, model, workers):
    project.target(model.url)
    project.write("test_it.py", "import pytest\n@pytest.mark.needs('qdrantt')\ndef test_it(llm): pass\n")
    run = project.run(*workers)
    sentence = (
        "ERROR: test_it.py::test_it: needs('qdrantt') names no component. Did you mean 'qdrant'? "
        "Known: api, llm, ollama, openai, vectors, qdrant, redis, prometheus, alertmanager, grafana, langfuse, ui, "
        "logs, files, machine, app_command, containers."
    )
    assert run.status == 4, run.out
    assert [line for line in run.lines if "qdrantt" in line] == [sentence], run.out
    assert "Traceback" not in run.out


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "two workers"])
def test_a_missing_secret_in_a_file_that_is_merely_found(project, model, workers):
    auth = '[targets.here.components.openai.auth]\nbearer = "LLMOPS_NO_SUCH_KEY"\n'
    project.target(model.url, auth)
    project.write("test_it.py", "def test_it(llm):\n    assert llm\n")
    run = project.run(*workers)
    assert run.status == 4
    assert "which is not set. Set it (export LLMOPS_NO_SUCH_KEY=…) and run again." in run.out
    assert "Traceback" not in run.out
    assert "INTERNALERROR" not in run.out
    assert model.asked == []
