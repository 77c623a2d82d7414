"""A run's searches as tests see them: asked their labelled queries, and held beside the accepted canaries."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_llmops.errors import Unsupported
from pytest_llmops.judge.canary import PART, Canaries, write
from pytest_llmops.judge.canary_change import Change, changes, score_change
from pytest_llmops.judge.retrieval import fall, worse_pct
from pytest_llmops.measure.candidate import FOLDER
from pytest_llmops.measure.retrieving import Retrieval

if TYPE_CHECKING:
    from pytest_llmops.judge.canary import Canary
    from pytest_llmops.judge.drift import Drift, Separation
    from pytest_llmops.judge.retrieval import Retrieved
    from pytest_llmops.measure.stored import Collection, Ingested
    from pytest_llmops.plugin.this_test import ThisTest

NO_BASELINE, NOT_COMPARABLE = "no-baseline", "not-comparable"


class Retrievals:
    """The searches of the target; see the fixture.

    Args:
        test: which asks.
    """

    def __init__(self, test: ThisTest) -> None:
        self._run = test.run
        self._check = test.check
        self._known: dict[str, Retrieval] = {}

    def found(self, search: str) -> Retrieved:
        """What a search finds for its labelled queries: ``recall_pct hit_pct mrr empty_pct similarity_p50 said …``.

        Raises:
            Unsupported: the target describes no such search, has no labelled queries, or lacks what it searches by.
            CallFailed: a search failed.
        """
        return self._of(search).found()

    def again(self, search: str) -> Retrieved:
        """The same in a second round."""
        return self._of(search).found(again=True)

    def collection(self, search: str) -> Collection:
        """The vector store that is searched: ``stored() reembedded() segments()``."""
        return self._of(search).collection

    def recent(self, search: str, *, last_s: float) -> list[Ingested]:
        """Documents that were ingested since somebody reported what is wrong; else within the last seconds."""
        now, reported = time.time(), self._run.own.target.reported_at
        return self._of(search).collection.recent(now - min(reported) if reported else last_s)

    def separation(self, search: str) -> Separation:
        """How well its embeddings tell pairs of texts apart: ``margin ordered_pct``."""
        return self._of(search).separation()

    def changes(self, search: str) -> list[Change]:
        """What is worse than in the accepted canary: recall, reciprocal rank, median similarity.

        Under ``--llmops-baseline record`` this round is left as a candidate. Nothing, with a note, where none was
        accepted; no similarity, with another, where another model embeds now.

        Raises:
            Vacuous: none of its queries is asked as it was.
            BaselineError: its file is damaged.
        """
        if self._run.options.baseline == "record":
            self._leave(search)
        canary = self._accepted(search)
        if canary is None:
            return []
        found = [*changes(canary, self.found(search), canary.unlike(self._of(search).queries))]
        if not self._other_model(search, canary):
            return found
        self._check.notes.append(NOT_COMPARABLE)
        return [one for one in found if one.name != "retrieval_similarity_p50"]

    def reranked(self, before: str, after: str) -> Change:
        """By how much the expected documents stand further back in one search than in another, of the same queries."""
        first, second = self.found(before), self.found(after)
        found = fall([one.reciprocal for one in first.rankings], [one.reciprocal for one in second.rankings])
        return Change("retrieval_mrr", found.surely_pct, f"{after} {found.now:.4g}, {before} {found.before:.4g}")

    def score_changes(self, search: str) -> list[Change]:
        """By how much scores are others than in the accepted canary; nothing where that is not to be said."""
        canary = self._like(search)
        if canary is None:
            return []
        return [score_change(canary, self.found(search), canary.unlike(self._of(search).queries))]

    def figure_changes(self, search: str, figure: str) -> list[Change]:
        """By how much a number of the collection is another than in the accepted canary.

        Args:
            search: which.
            figure: ``collection_points``; ``segment_length``, which is off where it is higher, too;
                ``embedding_margin``, which another model has another of.

        Returns:
            Nothing, with a note, where the accepted canary holds no such number.
        """
        canary = self._like(search) if figure == "embedding_margin" else self._accepted(search)
        was, is_now = canary.figures.get(figure) if canary else None, self._of(search).figure(figure)
        if canary is None or is_now is None:
            return []
        if not was:
            self._check.notes.append(NO_BASELINE)
            return []
        pct = worse_pct(was, is_now) or (worse_pct(is_now, was) if figure == "segment_length" else 0.0)
        return [Change(figure, pct, f"{is_now:.4g}, accepted {was:.4g}; {canary.said}")]

    def drift(self, search: str) -> Drift | None:
        """How far embeddings have moved since the accepted canary; None, with a note, where that is not to be said.

        A model that changed has not drifted: :meth:`model_change` says so by name.

        Raises:
            Unsupported: nothing here can embed, or the canary holds no embeddings.
            CallFailed: they are of another length, and the model's name is the same.
        """
        self._of(search).model()  # whether it embeds at all
        canary = self._like(search)
        return self._of(search).drifted(canary) if canary else None

    def model_change(self, search: str) -> str:
        """In words, which model embeds in the place of that of the accepted canary; empty: the same.

        Raises:
            Unsupported: nothing here can embed, or nobody says by which model.
        """
        model, canary = self._of(search).model(), self._accepted(search)
        if not model:
            raise Unsupported(f"{search}: nobody says by which model its texts are embedded.")
        if canary and not canary.model:
            raise Unsupported(f"{search}: the canary names no model ({canary.said}).")
        return self._other_model(search, canary) if canary else ""

    def _other_model(self, search: str, canary: Canary) -> str:
        if not canary.model:
            return ""
        model = self._of(search).model()
        return f"{model} embeds, and {canary.model} did ({canary.said})" if model != canary.model else ""

    def _like(self, search: str) -> Canary | None:
        """The accepted canary, where the same model embeds now."""
        canary = self._accepted(search)
        if canary and self._other_model(search, canary):
            self._check.notes.append(NOT_COMPARABLE)
            return None
        return canary

    def _accepted(self, search: str) -> Canary | None:
        """The accepted canary; without one there is a note."""
        if self._run.options.baseline == "off":
            return None
        canary = Canaries(self._run.declared).newest(search)
        if canary is None:
            self._check.notes.append(NO_BASELINE)
        return canary

    def _leave(self, search: str) -> None:
        """Write this round as a candidate, once a run: ``llmops canary accept`` makes it what is compared with."""

        def leave() -> dict[str, str]:
            canary = self._of(search).canary()
            stamp = f"{canary.recorded:%Y%m%dT%H%M%S}"
            name = f"{canary.target.replace(':', '-')}.{search}-{stamp}.json"
            path = self._run.report_folder / FOLDER / PART / name
            write(path, canary)
            self._run.say(f"candidate: {path}; llmops canary accept makes it what {search} is compared with")
            return {"path": str(path)}

        self._run.directory.once(f"canary-{search}", leave)

    def _of(self, search: str) -> Retrieval:
        if search not in self._known:
            own = self._run.own
            self._known[search] = Retrieval(search, own.target, own.reached, self._run.once)
        return self._known[search]
