"""What a container runs, beside what its tag stands for, on its machine and in the registry."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pytest_llmops.errors import Vacuous

MOVING = frozenset({"latest", "main", "master", "edge", "nightly", "stable"})
"""Tags that stand for another build tomorrow."""

_TAG = re.compile(r":(?P<tag>[\w][\w.-]*)$")


@dataclass(frozen=True, slots=True)
class RunningImage:
    """The image of a running container.

    Attributes:
        container: its name.
        image: as the container was started with it, ``qdrant/qdrant:v1.13.2``.
        runs: the id of the build that it runs.
        tagged: the id of the build that its name stands for on this machine now; empty where there is none.
        digests: by which registries know what it runs; none where it was built here.
        newest: the digest that the registry has for its name now; empty where it does not say.
        base: of one that was built here, the image that it is made of.
        on_newest_base: whether it is made of what the registry has for that name now; None where that cannot be told.
    """

    container: str
    image: str
    runs: str
    tagged: str
    digests: tuple[str, ...]
    newest: str
    base: str = ""
    on_newest_base: bool | None = None

    @property
    def behind(self) -> str:
        """In what it lags behind, in a sentence; empty where in nothing that is known."""
        said = []
        if self.tagged and self.runs != self.tagged:
            said.append("runs an older build than its name stands for here; make the container anew")
        elif self.digests and self.newest and self.newest not in self.digests:
            said.append("the registry has a newer build of it; pull it, and make the container anew")
        if self.on_newest_base is False:
            said.append(f"is not made of the newest {self.base}; build it anew, with --pull")
        return f"{self.container} ({self.image}): {' and '.join(said)}" if said else ""

    @property
    def unknown(self) -> str:
        """Why it cannot be told whether it lags behind; empty where it can."""
        if self.digests:
            why = "" if self.newest else "the registry does not say what it has of it"
        else:
            why = f"nobody says whether {self.base or 'its base'} is the newest" if self.on_newest_base is None else ""
        return f"{self.container} ({self.image}): {why}" if why else ""

    @property
    def versioned(self) -> bool:
        """Whether its name says which version it is, by a digest or by a tag that stays; or it was built here."""
        if "@" in self.image or not self.digests:
            return True
        tag = _TAG.search(self.image)
        return tag is not None and tag["tag"].lower() not in MOVING


@dataclass(frozen=True, slots=True)
class RunningImages:
    """The images of all containers that run.

    Attributes:
        images: each of them.
    """

    images: tuple[RunningImage, ...]

    @property
    def behind(self) -> list[str]:
        """Sentences of those that lag behind."""
        return [one.behind for one in self.images if one.behind]

    @property
    def without_version(self) -> list[str]:
        """Container and image of those whose name does not say which version it is."""
        return [f"{one.container} ({one.image})" for one in self.images if not one.versioned]

    def whole(self) -> None:
        """See that it could be told of each whether it lags behind.

        Raises:
            Vacuous: of one it cannot.
        """
        unknown = [one.unknown for one in self.images if one.unknown]
        if unknown:
            raise Vacuous(f"containers: none lags behind of which it can be told; not of: {'; '.join(unknown)}.")


def running_images(text: str) -> RunningImages:
    """The images of a command's output, a line of JSON a container.

    ``{"container", "image", "runs", "tagged", "digests": [...], "newest", "base", "on_newest_base"}``; what is not
    known is null.

    Raises:
        ValueError: a line is none, or there is none.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError("no container runs")
    try:
        return RunningImages(tuple(_image(json.loads(line)) for line in lines))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a line of it lacks what an image has ({error})") from None


def _image(row: dict[str, Any]) -> RunningImage:
    return RunningImage(
        row["container"].removeprefix("/"),
        row["image"],
        row["runs"],
        row["tagged"] or "",
        tuple(digest.rpartition("@")[2] for digest in row["digests"]),
        row["newest"] or "",
        row.get("base") or "",
        row.get("on_newest_base"),
    )
