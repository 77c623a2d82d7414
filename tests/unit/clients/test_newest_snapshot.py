"""Of the snapshots in a backup the newest of the collection is taken, and none of which it is a part alone."""

import pytest

from pytest_llmops.clients.snapshots import newest_in
from pytest_llmops.errors import Unsupported


def test_it_is_the_newest_of_that_collection(tmp_path):
    names = [
        "docs-17-2026-01-05-09-00-00",
        "docs-17-2026-01-04-09-00-00",
        "docs_v2-17-2026-01-06-09-00-00",
        "docs-v2-17-2026-01-06-09-00-00",
        "docs-2-17-2026-01-06-09-00-00",
        "docs",
        "web_cache-17-2026-01-07-09-00-00",
    ]
    for name in names:
        (tmp_path / f"{name}.snapshot").touch()
    assert newest_in(tmp_path, "docs") == tmp_path / "docs-17-2026-01-05-09-00-00.snapshot"
    assert newest_in(tmp_path, "docs-v2") == tmp_path / "docs-v2-17-2026-01-06-09-00-00.snapshot"
    assert newest_in(tmp_path, "users") is None
    (tmp_path / "docs-18-2026-01-05-09-00-00.snapshot").touch()
    with pytest.raises(Unsupported, match="of several nodes, docs-17, docs-18: each holds only a part of it"):
        newest_in(tmp_path, "docs")
