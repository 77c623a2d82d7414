"""Which models a server has, and which of them the target means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmops.clients.generation import Model, bare
from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.errors import CallFailed, Unsupported, excerpt

if TYPE_CHECKING:
    from pytest_llmops.clients.http import Answer, Http
    from pytest_llmops.target.components import Llm as LlmComponent

NO_LIST = {404, 405, 501}
"""Statuses of a server that has no list of models."""

BROKEN_LIST = {"http-500", "bad-answer", *(f"http-{status}" for status in NO_LIST)}
"""Failures of a list that is there, or should be, and does not work."""


class Models(OverHttp, ABC):
    """A server that has models.

    Args:
        http: calls to it.
        config: the component's table.

    Attributes:
        list_path: of the list of models.
        list_key: under which it stands in the answer.
        always_lists: whether a list belongs to what such a server is; else one without it is as good.
    """

    list_path: str
    list_key: str
    always_lists = False

    def __init__(self, http: Http, config: LlmComponent) -> None:
        super().__init__(http)
        self.config = config

    @abstractmethod
    def models(self) -> list[Model]:
        """The models that it lists.

        Raises:
            Unsupported: this server has no list.
        """

    def stored_gb(self) -> float:
        """What the listed models take on disk, in GB (1e9 bytes).

        Raises:
            CallFailed: no model is listed.
            Unsupported: the server does not say how large they are.
        """
        listed = self.models()
        if not listed:
            raise CallFailed(self.http.component, "no-model", f"{self.http.component}: no model is listed.")
        if not any(model.size for model in listed):
            raise Unsupported(f"{self.http.component}: its list of models says no sizes.")
        return sum(model.size for model in listed) / 1e9

    def list_time(self) -> float:
        """Seconds that the list of models took.

        Raises:
            CallFailed: what came is no list of models: another status than 200, or a body of another shape.
            Unsupported: this server has no list.
        """
        return self._list().elapsed_s

    def missing_models(self) -> list[str]:
        """Models that the target names and the server does not list; ``name`` and ``name:latest`` are the same.

        Raises:
            Unsupported: the target names none, so none can be missing; or the server has no list.
        """
        named = [*self.config.models, self.config.model, self.config.embedding_model]
        wanted = [name for name in dict.fromkeys(named) if name]
        if not wanted:
            raise Unsupported("the target names no models; list them as models = [...] of the component.")
        names = {name for model in self.models() for name in (model.name, bare(model.name))}
        return [name for name in wanted if name not in names]

    def generating_models(self) -> list[str]:
        """The models that are to generate: those that the target names, the embedding one apart; else the timed one."""
        named = [name for name in self.config.models if name != self.config.embedding_model]
        return named or [self.timed_model.name]

    @property
    def embedding_model(self) -> str:
        """The model whose vectors are like those of the collections.

        Raises:
            Unsupported: the target names none, and another model's vectors would find nothing.
        """
        if self.config.embedding_model is None:
            raise Unsupported(
                f"{self.component}: the target names no embedding model; name the one that filled the collection as "
                f'embedding_model = "…" of the component {self.component}.'
            )
        return self.config.embedding_model

    @property
    def embedding_identity(self) -> str:
        """What a baseline knows that model by: its name, and its digest where the server tells it.

        Raises:
            Unsupported: as of :attr:`embedding_model`.
        """
        return (self._find(self.embedding_model) or Model(self.embedding_model)).identity

    @cached_property
    def timed_model(self) -> Model:
        """The model that calls ask for, looked up once: the configured one, else the first listed.

        Where a server has no list, or a broken one, the target is taken at its word; a token proves it.

        Raises:
            CallFailed: the server lists none, or not that one (kind ``no-model``).
        """
        listed, wanted = self._listed, self.config.model
        if listed is None and wanted:
            return Model(wanted)
        if listed is None:
            said = f'{self.component}: it has no list of models; name the one to ask as model = "…" of the component.'
            raise CallFailed(self.component, "no-model", said)
        if not listed:
            raise CallFailed(self.component, "no-model", f"{self.component}: it lists no models.")
        if wanted is None:
            return listed[0]
        if found := self._find(wanted):
            return found
        names = ", ".join(model.name for model in listed)
        said = f"{self.component}: model {wanted!r} is not listed; it has: {names}."
        raise CallFailed(self.component, "no-model", said)

    @cached_property
    def _listed(self) -> list[Model] | None:
        """The models as they were listed once; None where there is no list to be had."""
        try:
            return self.models()
        except Unsupported:
            return None
        except CallFailed as error:
            if self.config.model is None or error.kind not in BROKEN_LIST:
                raise
            return None

    def _look_again(self) -> None:
        """Forget what was listed."""
        for name in ("_listed", "timed_model"):
            self.__dict__.pop(name, None)

    def _find(self, name: str) -> Model | None:
        return next((model for model in self._listed or () if name in {model.name, bare(model.name)}), None)

    def _list(self) -> Answer:
        answer = self.http.call("GET", self.list_path)
        if answer.status in NO_LIST and not self.always_lists:
            raise Unsupported(f"{self.component}: {answer.asked} answered {answer.status}: it has no list of models.")
        found = answer.ok().table()
        if answer.status != 200 or not isinstance(found.get(self.list_key, ""), list | None):  # null: it has none
            said = f"{answer.asked} answered {answer.status} without a list {self.list_key!r}: {excerpt(answer.text)!r}"
            raise CallFailed(self.component, "bad-answer", f"{self.component}: {said}.")
        return answer

    def _facts(self) -> dict[str, str]:
        """What the list says of the models that the target means."""
        model, embedding = self.timed_model, self.config.embedding_model
        facts = {
            "model": model.name,
            "identity": model.identity,
            "digest": model.digest,
            "quantisation": model.quantisation,
        }
        if model.server:
            facts["server"] = model.server
        if embedding:
            found = self._find(embedding) or Model(embedding)
            facts |= {"embedding_model": embedding, "embedding_identity": found.identity}
        return facts
