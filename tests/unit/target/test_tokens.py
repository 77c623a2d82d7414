from pytest_llmops.target.tokens import Tokens


def test_all_processes_of_a_run_know_what_one_of_them_was_given(tmp_path):
    one, other = Tokens(tmp_path / "tokens"), Tokens(tmp_path / "tokens")
    assert other.values() == []
    one.add("t-1")
    one.add("t-1")
    other.add("t-2")
    assert set(one.values()) == set(other.values()) == {"t-1", "t-2"}
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "tokens").iterdir()] == [0o600] * 2
    assert "t-1" not in repr(one)


def test_without_a_folder_they_are_known_here_alone():
    tokens = Tokens()
    tokens.add("t-1")
    assert (tokens.values(), Tokens().values()) == (["t-1"], [])
