"""A project that has the plugin installed and uses none of it."""

import re
import sys

import pytest
from _pytest.fixtures import FixtureFunctionDefinition

from pytest_llmops.plugin import FIXTURES

TESTS = """
    import pytest

    def test_one(tmp_path):
        assert tmp_path.is_dir()

    @pytest.mark.load
    def test_load():
        pass

    @pytest.mark.exclusive
    @pytest.mark.disruptive
    def test_other_words_of_ours():
        pass
"""

INI = """
    [pytest]
    addopts = -p no:cacheprovider
    markers =
        load
        exclusive
        disruptive
"""


@pytest.fixture
def stranger(project):
    project.write("test_stranger.py", TESTS)
    return project


def _plain(run):
    """What was printed, without times."""
    return [re.sub(r" in \d+\.\d+s", "", line) for line in run.lines if not line.startswith("plugins:")]


@pytest.mark.parametrize("words", [["-q"], ["-v"], ["-m", "load"], ["-n", "2"]], ids=" ".join)
def test_nothing_is_printed_but_pytests_own(stranger, words):
    stranger.write("pytest.ini", INI)
    with_ours, without = stranger.run(*words), stranger.run(*words, without=["llmops"])
    assert (with_ours.status, without.status) == (0, 0)
    if "-n" not in words:
        assert _plain(with_ours) == _plain(without)
    assert "llmops" not in "\n".join(_plain(with_ours))
    assert sorted(path.name for path in stranger.path.iterdir() if path.name != "__pycache__") == [
        "pytest.ini",
        "test_stranger.py",
    ]


@pytest.mark.parametrize("described", [False, True], ids=["no llmops.toml", "an llmops.toml beside"])
def test_nothing_heavy_is_imported(stranger, described):
    if described:
        stranger.target("http://127.0.0.1:9")
        stranger.write("test_failing.py", "def test_failing():\n    print('said')\n    assert 0\n")
    stranger.write(
        "conftest.py",
        """
        import sys

        def pytest_unconfigure(config):
            config.rootpath.joinpath("modules.txt").write_text("\\n".join(sys.modules))
        """,
    )
    loaded = []
    for without in ([], ["llmops"]):
        assert stranger.run(without=without, afresh=True).status == int(described)
        loaded.append(set((stranger.path / "modules.txt").read_text().split()))
    ours = {name.partition(".")[0] for name in loaded[0] - loaded[1]}
    assert ours - sys.stdlib_module_names == {"pytest_llmops"}


def test_fixtures_of_the_users_own_replace_ours(project, model):
    project.target(model.url)
    project.write(
        "test_own.py",
        """
        import pytest

        @pytest.fixture
        def api():
            return "my api"

        @pytest.fixture
        def prompts():
            return ["my prompt"]

        @pytest.fixture
        def record():
            return []

        def test_own(api, prompts, record):
            assert (api, prompts, record) == ("my api", ["my prompt"], [])

        def test_own_beside_ours(api, llm):
            assert api == "my api"
            assert llm.generate("Hello").text.strip() == "Paris"
        """,
    )
    alone = project.run("-q", "-k", "not beside")
    assert (alone.status, alone.whole, alone.lines[0][:2]) == (0, None, ". ")
    beside = project.run("-q")
    assert beside.status == 0, beside.out
    assert list(beside.checks) == ["test_own_beside_ours"]


OURS = sorted(
    name
    for module in FIXTURES
    for name, found in vars(module).items()
    if isinstance(found, FixtureFunctionDefinition) and name[0] != "_"
)
IN_USE = ("llm", "llmops_target", "measure", "openai", "prompts", "record")
"""Those that the target of these tests can serve."""


def test_a_fixture_of_the_users_own_of_any_name_rewires_nothing(project, model):
    assert {
        "api",
        "llm",
        "llmops_target",
        "measure",
        "ollama",
        "openai",
        "prompts",
        "record",
        "redis",
        "vectors",
    } <= set(OURS)
    project.target(model.url)
    for name in OURS:
        others = [other for other in IN_USE if other != name]
        for scope in ("function", "session"):
            project.write(
                f"test_{name}_{scope}.py",
                f"""
                import pytest

                @pytest.fixture(scope="{scope}")
                def {name}():
                    return "mine"

                def test_instead_of_{name}_{scope}({name}):
                    assert {name} == "mine"

                def test_beside_{name}_{scope}({name}, {", ".join(others)}):
                    assert {name} == "mine"
                    for given in ({", ".join(others)}):
                        assert type(given).__module__.startswith("pytest_llmops.")
                """,
            )
    alone = project.run("-q", "-k", "instead_of")
    assert (alone.status, alone.whole, model.asked) == (0, None, []), alone.out
    assert f"{2 * len(OURS)} passed" in alone.lines[-1]
    beside = project.run("-q")
    assert beside.status == 0, beside.out
    assert sorted(beside.checks) == sorted(
        f"test_beside_{name}_{scope}" for name in OURS for scope in ("function", "session")
    )


@pytest.mark.parametrize(
    ("text", "words", "status"),
    [
        ("def test_a(): assert 0", [], 1),
        ("def test_a(): raise KeyboardInterrupt", [], 2),
        ("import nowhere", [], 2),
        ("", [], 5),
        ("def test_a(): pass", ["-k", "other"], 5),
        ("def test_a(): pass", ["no_such_file.py"], 4),
        ("import pytest\n@pytest.mark.skip\ndef test_a(): pass", [], 0),
        ("import pytest\n@pytest.mark.skip\ndef test_a(): pass", ["--llmops-gate"], 0),
    ],
)
def test_exit_statuses_stay(project, text, words, status):
    project.write("test_it.py", text + "\n")
    assert project.run("-q", *words).status == status
