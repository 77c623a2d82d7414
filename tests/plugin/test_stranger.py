"""A project that has the plugin installed and uses none of it."""

import re
import sys

import pytest

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


def test_nothing_heavy_is_imported(stranger):
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
        assert stranger.run(without=without).status == 0
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
