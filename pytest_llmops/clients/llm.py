"""What every model server can do, whichever API it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pytest_llmops.errors import CallFailed, ConfigError, Unsupported, did_you_mean
from pytest_llmops.samples import Prompt, Stream

if TYPE_CHECKING:
    from pytest_llmops.clients.http import Http
    from pytest_llmops.target.components import Llm as LlmComponent


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a server lists.

    Attributes:
        name: as it is asked for.
        digest: what tells two builds apart; empty where the server does not say.
        size: bytes on disk, 0 where unknown.
        quantisation: for example ``Q4_K_M``; empty where unknown.
    """

    name: str
    digest: str = ""
    size: int = 0
    quantisation: str = ""


@dataclass(frozen=True, slots=True)
class Generation:
    """A generated text.

    Attributes:
        text: the answer, without the reasoning channel.
        model: which model was asked.
        stream: token times, and the server's count of generated tokens.
        tokens_in: prompt tokens by the server's count.
        first_answer_s: time to the first token of the answer itself; later than TTFT for reasoning models.
        load_s: time that the server spent loading the model, where it says.
        generating_s: time that the server spent on the generated tokens, where it says.
    """

    text: str
    model: str
    stream: Stream = Stream()
    tokens_in: int | None = None
    first_answer_s: float | None = None
    load_s: float | None = None
    generating_s: float | None = None

    @property
    def tokens_out(self) -> int | None:
        """Generated tokens by the server's count."""
        return self.stream.tokens_out

    @property
    def failure(self) -> str:
        """Why a timed call with this outcome is no success; empty if it is one. Reasoning alone is one."""
        return "" if self.text or self.stream.token_times_s or self.tokens_out else "empty"

    @property
    def tokens_per_second(self) -> float | None:
        """The server's own rate of generation; None where it gives no counts."""
        if not self.generating_s or not self.tokens_out:
            return None
        return self.tokens_out / self.generating_s


class Llm(Protocol):
    """A model server: Ollama's API or OpenAI's."""

    http: Http

    def models(self) -> list[Model]:
        """The models that it lists."""
        ...

    def list_time(self) -> float:
        """Seconds that the list of models took."""
        ...

    def missing_models(self) -> list[str]:
        """Models that the target names and the server does not list."""
        ...

    def generating_models(self) -> list[str]:
        """The models that are to generate: those that the target names, else the timed one."""
        ...

    def generate(
        self,
        prompt: Prompt | str,
        *,
        model: str | None = None,
        detail: str | None = None,
        max_tokens: int | None = None,
        stream: bool = True,
        deadline_s: float | None = None,
    ) -> Generation:
        """Answer a prompt.

        Args:
            prompt: what to answer.
            model: which model; the target's by default.
            detail: a detail level of the component, which sets the length.
            max_tokens: the length itself; the component's ``max_tokens`` by default.
            stream: token by token (TTFT, TPOT), or whole.
            deadline_s: for the whole call; the component's own by default.

        Raises:
            CallFailed: no whole answer came.
        """
        ...

    def first_token(self, deadline_s: float) -> float:
        """Seconds to the first generated token of a one-word prompt; the answer is not waited for.

        Raises:
            CallFailed: none came.
        """
        ...

    def embed(self, text: Prompt | str) -> list[float]:
        """The embedding of a text.

        Raises:
            CallFailed: none came.
        """
        ...


def facts_of(model: Model) -> dict[str, str]:
    """What a report says of the timed model."""
    return {"model": model.name, "digest": model.digest, "quantisation": model.quantisation}


def text_of(prompt: Prompt | str) -> str:
    """What is sent."""
    return prompt.text if isinstance(prompt, Prompt) else prompt


def chosen_model(component: str, config: LlmComponent, listed: list[Model]) -> Model:
    """The model that is timed: the configured one, else the first listed.

    Raises:
        CallFailed: the server lists none, or not that one (kind ``no-model``).
    """
    if not listed:
        raise CallFailed(component, "no-model", f"{component}: it lists no models.")
    if config.model is None:
        return listed[0]
    for model in listed:
        if config.model in {model.name, model.name.removesuffix(":latest")}:
            return model
    names = ", ".join(model.name for model in listed)
    raise CallFailed(component, "no-model", f"{component}: model {config.model!r} is not listed; it has: {names}.")


def missing_models(config: LlmComponent, listed: list[Model]) -> list[str]:
    """Models that the target names and the server does not list; ``name`` and ``name:latest`` are the same.

    Raises:
        Unsupported: the target names none, so none can be missing.
    """
    if not config.models:
        raise Unsupported("the target names no models; list them as models = [...] of the component.")
    names = {name for model in listed for name in (model.name, model.name.removesuffix(":latest"))}
    return [name for name in config.models if name not in names]


def length(config: LlmComponent, detail: str | None, max_tokens: int | None) -> int:
    """How many tokens to ask for.

    Raises:
        ConfigError: the component has no such detail level.
    """
    if max_tokens is not None:
        return max_tokens
    if detail is None:
        return config.max_tokens
    if detail not in config.detail:
        known = ", ".join(config.detail)
        raise ConfigError(f"no detail level {detail!r}.{did_you_mean(detail, config.detail)} Levels: {known}.")
    return config.detail[detail].max_tokens
