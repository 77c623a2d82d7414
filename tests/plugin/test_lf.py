"""``--lf``, ``--ff``, ``--nf`` and ``--sw``: pytest's memory of a failed run works with checks as with any test."""

import pytest

FEW = '\n[targets.here.thresholds.model_count]\nwarning = "< 2"\n'
WAIVED = """
    [[targets.here.waivers]]
    check = "test_waived.py::test_waived"
    reason = "known"
    owner = "sre"
    until = 2999-01-01
"""
TESTS = """
    import pathlib
    import pytest

    ORDER = pathlib.Path(__file__).with_name("order.txt")

    def mended():
        return pathlib.Path(__file__).with_name("mended").exists()

    @pytest.fixture(autouse=True)
    def in_order(request):
        with ORDER.open("a") as file:
            file.write(request.node.name + chr(10))

    @pytest.mark.exclusive
    def test_alone_well(llm):
        assert llm.models()

    @pytest.mark.exclusive
    def test_alone_broken(llm):
        assert mended()

    def test_well(llm):
        assert llm.models()

    def test_broken(llm):
        assert mended()

    @pytest.mark.parametrize("number", [1, 2])
    def test_each(llm, number):
        assert number == 1 or mended()

    def test_unsupported(llm):
        from pytest_llmops import Unsupported
        raise Unsupported("no such thing here.")

    def test_vacuous(llm):
        from pytest_llmops import Vacuous
        raise Vacuous("nothing counted.")

    def test_of_a_strangers():
        assert mended()
"""
COUNTING = """
    def test_waived(llm, record):
        record("model_count", len(llm.models()), "models")
"""
BROKEN = ["test_alone_broken", "test_broken", "test_each[2]", "test_of_a_strangers"]
EVERY = pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])


@pytest.fixture
def project(project, model):
    project.target(model.url, FEW + WAIVED.replace("    ", ""))
    project.write("pytest.ini", "[pytest]\n")  # with the cache
    project.write("test_it.py", TESTS)
    project.write("test_waived.py", COUNTING)
    return project


def _order(project):
    """The tests of test_it.py that ran since the last look, in order."""
    file = project.path / "order.txt"
    names = file.read_text().split() if file.exists() else []
    file.unlink(missing_ok=True)
    return names


def _mend(project):
    (project.path / "mended").touch()


@EVERY
def test_lf_runs_exactly_what_failed(project, workers):
    first = project.run(*workers)
    assert first.status == 1, first.out
    assert len(first.checks) == 9
    assert sorted(name for name in _order(project) if "broken" in name) == ["test_alone_broken", "test_broken"]
    again = project.run("--lf", *workers)
    assert again.status == 1, again.out
    assert sorted(_order(project)) == BROKEN
    assert sorted(again.checks) == BROKEN[:-1]
    assert "not made" not in again.out
    _mend(project)
    mended = project.run("--lf", *workers)
    assert mended.status == 0, mended.out
    ran = _order(project)
    assert sorted(ran) == BROKEN
    assert ran[-1] == "test_alone_broken"  # the exclusive one last, and alone
    assert sorted(mended.checks) == BROKEN[:-1]
    assert [check["outcome"] for check in mended.checks.values()] == ["passed"] * 3
    assert project.run("--lf", "--lfnf=none", *workers).status == 5


def test_the_gate_counts_what_lf_selected(project):
    project.run("-k", "not strangers")
    _mend(project)
    run = project.run("--lf", "--llmops-gate")
    assert (run.status, len(run.checks)) == (0, 3), run.out
    assert "3 checks: about" in run.out


def test_ff_runs_all_and_what_failed_first(project):
    project.run()
    _order(project)
    run = project.run("--ff")
    assert (run.status, len(run.checks)) == (1, 9), run.out
    ran = _order(project)
    assert sorted(ran[:4]) == BROKEN


def test_nf_runs_all_and_what_is_new_first(project):
    project.run()
    _order(project)
    project.write("test_new.py", "def test_new(llm):\n    assert llm.models()\n")
    run = project.run("--nf", "-v")
    assert (run.status, len(run.checks)) == (1, 10), run.out
    assert run.out.index("test_new.py::test_new") < run.out.index("test_it.py::")


@EVERY
def test_sw_stops_at_a_failure_and_goes_on_from_there(project, workers):
    first = project.run("--sw", *workers)
    assert first.status == 2, first.out
    if not workers:
        assert _order(project) == ["test_well", "test_broken"]
        assert list(first.checks) == ["test_well", "test_broken"]
    _mend(project)
    _order(project)
    second = project.run("--sw", *workers)
    assert second.status == 0, second.out
    ran = _order(project)
    assert sorted(ran[-2:]) == ["test_alone_broken", "test_alone_well"]  # they were not there yet, so not passed either
    if not workers:
        assert ran[0] == "test_broken"
        assert len(second.checks) == 8


def test_lf_of_a_file_that_is_named(project):
    project.run("test_it.py")
    _mend(project)
    run = project.run("test_it.py", "--lf")
    assert (run.status, sorted(run.checks)) == (0, BROKEN[:-1]), run.out
    assert "not made" not in run.out
    parallel = project.run("test_it.py", "--lf", "-n", "2")
    assert parallel.status == 0, parallel.out


def test_lf_that_leaves_none_of_ours_is_a_strangers_run(project):
    (project.path / "test_waived.py").unlink()
    project.run("-k", "strangers")
    run = project.run("--lf", "test_it.py")
    assert (run.status, run.whole) == (1, None), run.out


@EVERY
def test_lf_of_the_ready_suites(project, model, clone, workers):
    file = project.target(model.url, FEW)
    words = [f"--llmops-config={file}", f"--llmops-report={project.reports}", f"-ocache_dir={project.path}/cache"]
    asked = [*words, "-m", "daily", "-k", "test_models and not time", *workers]
    first = project.run(*asked, cwd=clone)
    assert first.status == 1, first.out
    failed = [name for name, check in first.checks.items() if check["outcome"] == "failed"]
    assert failed == ["test_enough_models"]
    assert len(first.checks) > 1
    again = project.run(*asked, "--lf", cwd=clone)
    assert again.status == 1, again.out
    assert list(again.checks) == failed
    project.target(model.url)
    mended = project.run(*asked, "--lf", cwd=clone)
    assert (mended.status, list(mended.checks)) == (0, failed), mended.out


def test_what_is_unreachable_failed_too(project, nobody, model):
    project.write("test_it.py", "def test_it(llm):\n    assert llm.models()\n")
    project.target(nobody)
    assert project.run().status == 1
    project.target(model.url)
    run = project.run("--lf")
    assert (run.status, sorted(run.checks)) == (0, ["test_it", "test_waived"]), run.out
