"""Other plugins of the trade in one run with ours: their fixtures and ours in one test, and apart."""

from importlib.util import find_spec

import pytest

PLUGINS = {
    "testinfra": "pytest11.testinfra",
    "pytest_golden": "pytest-golden",
    "pytest_embedded": "pytest_embedded",
    "pytest_mock": "pytest_mock",
    "pytest_asyncio": "asyncio",
    "pytest_django": "django",
    "_pytest.cacheprovider": "cacheprovider",
    "pytest_rerunfailures": "rerunfailures",
    "pytest_randomly": "randomly",
    "pytest_timeout": "timeout",
    "pytest_cov": "pytest_cov",
}
"""Importable module to the name by which pytest knows the plugin."""

CASES = {}


def _companion(module, files, *, words=(), own=1, both=2):
    """A case: what has to be importable, the project, and how many of its tests are none of ours, and ours."""
    absent = pytest.mark.skipif(find_spec(module) is None, reason=f"{module} is not installed")
    number = sum(case.values[0] == module for case in CASES.values())
    name = f"{module} {number + 1}" if number else module
    CASES[name] = pytest.param(module, files, list(words), own, both, marks=absent, id=name)


_companion(
    "testinfra",
    {
        "test_it.py": """
        def test_theirs(host):
            assert host.file("/").is_directory

        def test_ours(llm):
            assert llm.generate("Hello").text.strip() == "Paris"

        def test_both(host, llm, record):
            assert host.backend.get_connection_type() == "local"
            record("model_count", len(llm.models()), "models")
        """
    },
    words=["--hosts=local://"],
)
_companion(
    "pytest_golden",
    {
        "golden.yml": "said: Paris\n",
        "test_it.py": """
        import pytest

        @pytest.mark.golden_test("golden.yml")
        def test_theirs(golden):
            assert golden["said"] == "Paris"

        def test_ours(llm):
            assert llm.models()

        @pytest.mark.golden_test("golden.yml")
        def test_both(golden, llm):
            assert llm.generate("Hello").text.strip() == golden.out["said"]
        """,
    },
)
_companion(
    "pytest_embedded",
    {
        "test_it.py": """
        def test_theirs(dut, target):
            dut.write("ready")
            dut.expect("ready")

        def test_ours(llmops_target):
            assert llmops_target.name == "here"

        def test_both(target, llmops_target, redirect, llm):
            assert target != llmops_target
            with redirect():
                assert llm.models()
        """
    },
    words=["-W", "ignore::pytest.PytestExperimentalApiWarning"],  # its own use of record_xml_attribute
)
_companion(
    "pytest_mock",
    {
        "test_it.py": """
        import os

        def test_theirs(mocker):
            mocker.patch("os.getpid", return_value=7)
            assert os.getpid() == 7

        def test_ours(llm):
            assert os.getpid() != 7
            assert llm.models()

        def test_both(mocker, llm):
            spy = mocker.spy(llm, "models")
            assert llm.models()
            assert spy.call_count == 1
        """
    },
)
ASYNC = """
    import asyncio
    import pytest

    @{fixture}
    async def later():
        await asyncio.sleep(0)
        return "later"

    {mark}
    async def test_theirs(later):
        await asyncio.sleep(0)
        assert later == "later"

    def test_ours(llm):
        assert llm.models()

    {mark}
    async def test_both(later, llm, prompts, record):
        said = await asyncio.to_thread(llm.generate, prompts[0])
        assert llm.generate(prompts[0]).text == said.text
        record("model_count", len(llm.models()), "models")

    class TestTogether:
        {mark}
        async def test_both_in_a_class(self, llm):
            assert (await asyncio.gather(*[asyncio.to_thread(llm.models)]))[0]
"""
_companion(
    "pytest_asyncio",
    {
        "test_it.py": ASYNC.format(fixture="__import__('pytest_asyncio').fixture", mark="@pytest.mark.asyncio"),
    },
    words=["-o", "asyncio_mode=strict"],
    both=3,
)
_companion(
    "pytest_asyncio",
    {"test_it.py": ASYNC.format(fixture="pytest.fixture", mark="@pytest.mark.filterwarnings('error')")},
    words=["-o", "asyncio_mode=auto"],
    both=3,
)
_companion(
    "pytest_django",
    {
        "settings.py": """
        SECRET_KEY = "of no use"
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
        ROOT_URLCONF = "settings"
        urlpatterns = []
        """,
        "test_it.py": """
        import pytest
        from django.contrib.auth.models import User

        @pytest.mark.django_db
        def test_theirs(client, django_user_model):
            django_user_model.objects.create(username="ada")
            assert client.get("/").status_code == 404

        def test_ours(llm):
            assert llm.models()

        def test_both(db, settings, rf, llm):
            settings.DEBUG = False
            User.objects.create(username=llm.generate("Hello").text.strip())
            assert User.objects.get().username == "Paris"
            assert rf.get("/").path == "/"
        """,
    },
    words=["--ds=settings", "-o", "pythonpath=."],
)
_companion(
    "_pytest.cacheprovider",
    {
        "test_it.py": """
        def test_theirs(cache):
            cache.set("mine/number", 7)
            assert cache.get("mine/number", None) == 7

        def test_ours(llm):
            assert llm.models()

        def test_both(cache, llm, pytestconfig, tmp_path, monkeypatch, capsys):
            cache.set("mine/said", llm.generate("Hello").text)
            print("said")
            assert cache.get("mine/said", "").strip() == "Paris"
            assert capsys.readouterr().out == "said" + chr(10)
        """
    },
)
_companion(
    "pytest_rerunfailures",
    {
        "test_it.py": """
        import pathlib

        def _second(name):
            seen = pathlib.Path(__file__).with_name(name)
            again = seen.exists()
            seen.touch()
            return again

        def test_theirs():
            assert _second("theirs")

        def test_ours(llm, record):
            record("model_count", len(llm.models()), "models")
            assert _second("ours")

        def test_both(llm, prompts, measure):
            measure("short", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)
            assert _second("both")
        """
    },
    words=["--reruns=1"],
)
_companion(
    "pytest_randomly",
    {
        "test_it.py": """
        import random

        def test_theirs():
            assert random.random() < 1

        def test_ours(llm):
            assert llm.models()

        def test_both(llm, prompts, measure):
            measure("short", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)
        """
    },
)
_companion(
    "pytest_timeout",
    {
        "test_it.py": """
        import pytest

        @pytest.mark.timeout(200)
        def test_theirs():
            pass

        def test_ours(llm):
            assert llm.models()

        @pytest.mark.timeout(200, method="thread")
        def test_both(llm):
            assert llm.generate("Hello").text
        """
    },
    words=["--timeout=300"],
)
_companion(
    "pytest_cov",
    {
        "mine.py": "def answer(llm):\n    return llm.generate('Hello').text\n",
        "test_it.py": """
        import mine

        def test_theirs():
            assert mine.answer

        def test_ours(llm):
            assert llm.models()

        def test_both(llm, cov):
            assert mine.answer(llm)
        """,
    },
    words=["--cov=mine", "--cov-report=term", "-o", "pythonpath=."],
)


@pytest.fixture
def beside(project, model):
    """A function that writes a companion's project and runs it, with no other companion about."""
    project.write("pytest.ini", "[pytest]\n")

    def run(module, files, *words, ours=True, without=()):
        for name, text in files.items():
            project.write(name, text)
        if ours:
            project.target(model.url)
        others = [name for name in PLUGINS.values() if name != PLUGINS[module]]
        return project.run(*words, without=[*others, *without])

    return run


@pytest.mark.parametrize(("module", "files", "words", "own", "both"), CASES.values())
@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_their_fixtures_and_ours(beside, module, files, words, own, both, workers):
    run = beside(module, files, "-v", *words, *workers)
    assert run.status == 0, run.out
    assert len(run.checks) == both, run.out
    assert {check["outcome"] for check in run.checks.values()} == {"passed"}
    assert f"{own + both} passed" in run.lines[-1]
    assert "warning" not in run.lines[-1], run.out


@pytest.mark.parametrize(("module", "files", "words", "own", "both"), CASES.values())
def test_their_tests_alone_are_as_without_us(beside, module, files, words, own, both):
    words = ["-k", "theirs", *words]
    with_us = beside(module, files, *words, ours=False)
    without = beside(module, files, *words, ours=False, without=["llmops"])
    assert (with_us.status, with_us.whole) == (without.status, None)
    for run in (without, with_us):  # interpreters of theirs that end last may say something of their own
        assert any(f" {own} passed" in line for line in run.lines), run.out
    assert "llmops" not in "".join(line for line in with_us.lines if not line.startswith("plugins:"))


@pytest.mark.skipif(find_spec("pytest_rerunfailures") is None, reason="pytest_rerunfailures is not installed")
@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_the_last_attempt_counts(beside, workers):
    files = {
        "test_it.py": """
        def test_broken(llm, record):
            record("model_count", len(llm.models()), "models")
            assert 0

        def test_timed(llm, prompts, measure):
            measure("short", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)
            assert 0
        """
    }
    run = beside("pytest_rerunfailures", files, "--reruns=2", *workers)
    assert run.status == 1
    assert "2 failed, 4 rerun" in run.out
    names = {name: [metric["name"] for metric in check["metrics"]] for name, check in run.checks.items()}
    assert names == {"test_broken": ["model_count"], "test_timed": ["short", "short.ttft", "short.error_rate"]}
    assert {check["reason"] for check in run.checks.values()} == {"assert 0"}


@pytest.mark.skipif(not all(map(find_spec, PLUGINS)), reason="not all of them are installed")
def test_all_of_them_at_once(project, model):
    project.write("pytest.ini", "[pytest]\nasyncio_default_fixture_loop_scope = function\npythonpath = .\n")
    project.target(model.url)
    project.write("settings.py", "SECRET_KEY = 'of no use'\n")
    project.write(
        "test_it.py",
        """
        import pytest

        @pytest.fixture
        async def later():
            return "later"

        @pytest.mark.asyncio
        async def test_all(host, dut, target, mocker, later, settings, cache, cov, llm, llmops_target, record, prompts):
            assert (later, llmops_target.name) == ("later", "here")
            record("model_count", len(llm.models()), "models")
            assert llm.generate(prompts[0]).text
        """,
    )
    words = [
        "--ds=settings",
        "--hosts=local://",
        "--reruns=1",
        "--timeout=300",
        "--cov=settings",
        "-o",
        "asyncio_mode=auto",
    ]
    run = project.run(*words)
    assert (run.status, list(run.checks)) == (0, ["test_all[local]"]), run.out
