"""Which tests run: those of the target's profile, whose components it has, with the keys that they need."""

import pytest

TESTS = """
    import pytest

    @pytest.mark.procedure("voyageur.morning-health.model-availability")
    def test_of_a_system(llm):
        pass

    @pytest.mark.generic
    @pytest.mark.procedure("voyageur.morning-health.model-availability")
    def test_generic(llm):
        pass

    @pytest.mark.generic
    def test_of_an_absent_component(vectors):
        pass

    @pytest.mark.needs("redis", "llm")
    def test_that_needs(llmops_target):
        pass

    @pytest.mark.disruptive
    def test_that_disrupts(llmops_target):
        pass

    def test_of_nobody():
        pass
"""
KEY = "--llmops-allow-disruption=here"
ALLOWED = "\n[targets.here.disruption]\nallowed = true\n"


@pytest.fixture
def project(project):
    project.write("test_it.py", TESTS)
    return project


def test_what_does_not_apply_is_left_out_and_counted(project, model):
    project.target(model.url)
    run = project.run()
    assert run.status == 0
    assert run.whole["not_applicable"] == {
        "no procedure of profile openai-compatible": 1,
        "no qdrant in target here": 1,
        "no redis in target here": 1,
        "disruptive, without both keys": 1,
    }
    assert list(run.checks) == ["test_generic"]
    assert run.checks["test_generic"]["procedures"] == []
    assert [line for line in run.lines if "left out" in line] == [
        "llmops: 1 left out: no procedure of profile openai-compatible",
        "llmops: 1 left out: no qdrant in target here",
        "llmops: 1 left out: no redis in target here",
        "llmops: 1 left out: disruptive, without both keys",
        "checks       1 passed, 4 left out",
    ]
    assert "2 passed, 4 deselected" in run.lines[-1]


def test_nothing_that_applies_is_not_green(project, model):
    project.target(model.url)
    words = ["-k", "of_a_system or needs"]
    assert project.run(*words).status == 5
    assert project.run(*words, "--llmops-gate").status == 13


def test_a_strangers_pass_does_not_hide_it(project, model):
    project.target(model.url)
    assert project.run("-k", "of_a_system or of_nobody").status == 5
    assert project.run("-k", "of_nobody", "--llmops-gate").status == 0
    assert project.run("-k", "of_nothing_at_all", "--llmops-gate").status == 13


@pytest.mark.parametrize(
    ("table", "words", "environ", "runs"),
    [
        (ALLOWED, [KEY], {}, True),
        (ALLOWED, ["--llmops-allow-disruption", "here"], {}, True),
        (ALLOWED, [], {}, False),
        ("", [KEY], {}, False),
        (ALLOWED, ["--llmops-allow-disruption=other"], {}, False),
        (ALLOWED, [], {"PYTEST_ADDOPTS": KEY}, False),
        (ALLOWED, ["-o", f"addopts=-pno:cacheprovider {KEY}"], {}, False),
    ],
    ids=["both", "both, apart", "first alone", "second alone", "another's", "environment", "addopts"],
)
def test_disruption_takes_two_keys(project, model, table, words, environ, runs):
    project.target(model.url, table)
    run = project.run("-k", "disrupts", *words, environ=environ)
    assert (run.status, list(run.checks)) == ((0, ["test_that_disrupts"]) if runs else (5, []))


def test_the_second_key_does_not_count_in_the_ini_file(project, model):
    project.target(model.url, ALLOWED)
    project.write("pytest.ini", f"[pytest]\naddopts = -p no:cacheprovider {KEY}\n")
    run = project.run("-k", "disrupts")
    assert (run.status, run.whole["checks"]) == (5, [])
    assert run.whole["not_applicable"] == {"disruptive, without both keys": 1}


def test_a_workers_second_key_is_the_one_that_was_typed(project, model):
    project.target(model.url, ALLOWED)
    assert list(project.run("-k", "disrupts", "-n", "1", KEY).checks) == ["test_that_disrupts"]


def test_the_suites_of_its_procedures_select_a_test(project, model):
    plain = project.target(model.url).read_text()
    project.write("llmops.toml", plain.replace("[targets.here]", '[targets.here]\nsystem = "voyageur"'))
    run = project.run("-m", "daily", "test_it.py")
    assert run.checks["test_of_a_system"]["procedures"] == ["voyageur.morning-health.model-availability"]
    assert list(run.checks) == ["test_of_a_system", "test_generic"]


@pytest.mark.parametrize(("target", "checks"), [("sandbox:openai-compatible", 10), ("sandbox", 44)])
def test_ready_suites_carry_their_folders_marker(project, clone, target, checks):
    words = ["--collect-only", "-q", "-m", "daily", f"--llmops-target={target}"]
    run = project.run(*words, clone / "suites", cwd=clone)
    assert run.status == 0
    assert len([line for line in run.lines if line.startswith("suites/daily/")]) == checks, run.out
