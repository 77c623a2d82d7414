"""What a test restores into: for its owner alone, and gone with the test."""

import pytest

pytest_plugins = ["pytester"]


def test_a_scratch_folder_is_private_and_goes_with_its_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        SEEN = []

        def test_it(scratch_folder):
            assert scratch_folder.stat().st_mode & 0o777 == 0o700
            (scratch_folder / "deep").mkdir()
            (scratch_folder / "deep/secret.txt").write_text("hunter22")
            (scratch_folder / "deep").chmod(0o500)
            SEEN.append(scratch_folder)
            raise ValueError("it goes also with a test that fails")

        def test_it_is_gone():
            assert not SEEN[0].exists()
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=1)
