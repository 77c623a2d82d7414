"""What containers run, beside what their tags stand for."""

import json

import pytest

from pytest_llmops.clients.running_image import running_images
from pytest_llmops.errors import Vacuous

PULLED = {
    "container": "/q",
    "image": "qdrant/qdrant:v1.13.2",
    "runs": "sha256:1",
    "tagged": "sha256:1",
    "digests": ["qdrant/qdrant@sha256:a"],
    "newest": "sha256:a",
}
BUILT = {**PULLED, "container": "/api", "image": "api", "digests": [], "newest": None, "base": "python:3.11-slim"}


def images(*rows):
    return running_images("\n".join(map(json.dumps, rows)))


def test_all_is_new():
    found = images(PULLED, BUILT | {"on_newest_base": True})
    assert (found.behind, found.without_version) == ([], [])
    found.whole()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            PULLED | {"newest": "sha256:b"},
            "q (qdrant/qdrant:v1.13.2): the registry has a newer build of it; pull it, and make the container anew",
        ),
        (
            PULLED | {"tagged": "sha256:2", "newest": "sha256:b"},
            "q (qdrant/qdrant:v1.13.2): runs an older build than its name stands for here; make the container anew",
        ),
        (
            BUILT | {"on_newest_base": False},
            "api (api): is not made of the newest python:3.11-slim; build it anew, with --pull",
        ),
    ],
)
def test_behind(row, said):
    assert images(row).behind == [said]


def test_what_cannot_be_told_says_nothing():
    found = images(PULLED | {"newest": None}, BUILT | {"on_newest_base": None})
    assert found.behind == []
    with pytest.raises(Vacuous) as caught:
        found.whole()
    assert str(caught.value) == (
        "containers: none lags behind of which it can be told; not of: q (qdrant/qdrant:v1.13.2): the registry does "
        "not say what it has of it; api (api): nobody says whether python:3.11-slim is the newest."
    )


@pytest.mark.parametrize(
    ("image", "versioned"),
    [
        ("qdrant/qdrant:v1.13.2", True),
        ("qdrant/qdrant:latest", False),
        ("qdrant/qdrant", False),
        ("registry:5000/qdrant", False),
        ("registry:5000/qdrant:1", True),
        ("qdrant/qdrant@sha256:aa", True),
        ("qdrant/qdrant:latest@sha256:aa", True),
        ("ollama/ollama:Nightly", False),
    ],
)
def test_versions(image, versioned):
    assert images(PULLED | {"image": image}).without_version == ([] if versioned else [f"q ({image})"])


def test_what_is_built_here_needs_no_version():
    assert images(BUILT | {"on_newest_base": True}).without_version == []


@pytest.mark.parametrize(("text", "why"), [("", "no container runs"), ("{}", "lacks what an image has"), ("x", "Exp")])
def test_unreadable(text, why):
    with pytest.raises(ValueError, match=why):
        running_images(text)
