"""Unloads and loads the models of an Ollama server; what was in memory is loaded again unless that is accepted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmops.clients.generation import bare
from pytest_llmops.errors import ControlError, StepFailed, Vacuous
from pytest_llmops.operate.model_update import ASKED
from pytest_llmops.operate.recovery import until
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.settings import Loaded, endpoint_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmops.clients.generation import Generation
    from pytest_llmops.clients.model_memory import Held
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.control.change import Change
    from pytest_llmops.samples import Workload


FREE_S = 5.0
"""Until a GPU's driver has freed what a process held; Ollama itself waits so long for it before it goes on."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a clearing of memory came to.

    Attributes:
        before: the models that were in memory.
        after: those that are there now.
        gpu_before: what of the GPU's memory was in use, by whoever shows it.
        gpu_after: what is in use now.
    """

    before: Sequence[Held]
    after: Sequence[Held]
    gpu_before: float
    gpu_after: float

    @property
    def vram_before(self) -> int:
        """What they took of the GPU's memory, bytes."""
        return sum(one.vram_bytes for one in self.before)

    @property
    def vram_after(self) -> int:
        """What is taken of it now, bytes."""
        return sum(one.vram_bytes for one in self.after)

    @property
    def names(self) -> str:
        """The models that were there."""
        return ", ".join(one.name for one in self.before)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model answered to the first prompts.

    Attributes:
        wrong: prompt to why its answer can be none.
        right: the prompts whose answer held the words that it was to hold.
    """

    wrong: dict[str, str]
    right: frozenset[str]

    def worse_than(self, before: Answers) -> str:
        """What is wrong with them: none at all, or not right where it was right before; empty where nothing is."""
        lost = ", ".join(sorted(before.right - self.right - self.wrong.keys()))
        said = [f"to {lost} not what it is expected to, and did before"] if lost else []
        return "; ".join([*said, *(f"to {name} {why}" for name, why in self.wrong.items())])


@dataclass(frozen=True, slots=True)
class Warmth:
    """What the same questions took of a model that had left the memory, and of one that was there.

    Attributes:
        cold: seconds of each whole call that had to load it.
        warm: seconds of the same call again.
        loading: seconds of it that the server says it was loaded; empty where it does not say.
    """

    cold: list[float]
    warm: list[float]
    loading: list[float]

    @property
    def gain(self) -> float:
        """How many times as long a cold call takes, on the mean."""
        return fmean(self.cold) / fmean(self.warm)


class ModelsInMemory:
    """The models that an Ollama server holds in memory.

    Args:
        client: of the server.
        change: makes the changes.
    """

    def __init__(self, client: Ollama, change: Change) -> None:
        self._client = client
        self._change = change
        self._known: set[str] = set()
        self._chosen: set[str] = set()

    def hold(self) -> None:
        """Have all that is in memory now be there at the end, whatever loses it: a server that is started anew does.

        Raises:
            ControlError: the server does not say what is in memory.
        """
        for one in self._client.held():
            self._change.hold(self._known_as(one.name))

    def clear(self, gpu: Callable[[], float]) -> Cleared:
        """Have every model leave the memory.

        Args:
            gpu: reads what of the GPU's memory is in use; a driver may take a moment until it is free.

        Raises:
            Vacuous: none of them takes any of a GPU's, so nothing could be cleared; nothing was done.
            StepFailed: one did not leave in time.
            ControlError: the server refused.
        """
        before = self._client.held()
        if not any(one.vram_bytes for one in before):
            there = ", ".join(one.name for one in before) or "no model"
            raise Vacuous(f"{self._client.component}: in memory is {there}, and nothing of it on a GPU to be cleared.")
        gpu_before = gpu_after = gpu()

        def fallen() -> tuple[bool, str]:
            nonlocal gpu_after
            gpu_after = gpu()
            return gpu_after < gpu_before, ""

        for one in before:
            self._set(one.name, loaded=False)
        until(fallen, FREE_S)
        return Cleared(before, self._client.held(), gpu_before, gpu_after)

    def reload(self, model: str = "") -> float:
        """Have a model leave the memory, and load it again; the one that is timed by default.

        Returns:
            The seconds that loading it took.

        Raises:
            StepFailed: it did not leave, or did not come back, in time.
            ControlError: the server refused.
        """
        name = model or self._client.timed_model.name
        pinned = any(one.pinned for one in self._client.held() if one.name == name)
        self._set(name, loaded=False)
        start = time.perf_counter()
        self._set(name, loaded=True, pinned=pinned)
        return time.perf_counter() - start

    def warm_up(self) -> dict[str, float]:
        """Load each model that the target names, one after the other; without any, the one that is timed.

        A server without room for all of them lets the earlier ones go again, as is its right: each is seen in memory.

        Returns:
            Each model to the seconds that it took; of one that was there already next to none.

        Raises:
            StepFailed: one is not in memory in time.
            ControlError: the server refused.
        """
        found = {}
        for name in self._client.config.models or [self._client.timed_model.name]:
            start = time.perf_counter()
            self._set(name, loaded=True)
            found[name] = time.perf_counter() - start
        return found

    def warmth(self, prompts: Workload, rounds: int, detail: str | None = None) -> Warmth:
        """Ask the model that is timed the first prompts, each once when it has left the memory, and once again.

        Args:
            prompts: the target's workload.
            rounds: how many of them.
            detail: a detail level of the component.

        Raises:
            StepFailed: the model did not leave the memory.
            CallFailed: it does not answer.
        """
        name, found = self._client.timed_model.name, Warmth([], [], [])
        for prompt in list(prompts)[:rounds]:
            self._set(name, loaded=False)
            for taken in (found.cold, found.warm):
                start = time.perf_counter()
                load_s = self._client.generate(prompt, detail=detail).stream.load_s
                taken.append(time.perf_counter() - start)
                if taken is found.cold and load_s is not None:
                    found.loading.append(load_s)
        return found

    def answers(self, prompts: Workload) -> Answers:
        """Ask the model that is timed the first prompts, those before others whose right answer is known.

        Raises:
            CallFailed: it does not answer.
        """
        first = sorted(prompts, key=lambda prompt: not prompt.expect)[:ASKED]
        asked = {prompt: self._client.generate(prompt) for prompt in first}
        wrong = {prompt.id: answer.implausible for prompt, answer in asked.items() if answer.implausible}
        return Answers(wrong, frozenset(one.id for one, answer in asked.items() if _knows(answer, one.expect)))

    def accept(self) -> None:
        """Leave each model that was loaded or unloaded as it is now."""
        if self._chosen:
            self._change.keep(*self._chosen)

    def _set(self, model: str, **kept: bool) -> None:
        name = self._known_as(model)
        self._chosen.add(name)
        try:
            self._change.set(name, **kept)
        except ControlError as error:
            if error.kind != "timeout":
                raise
            asked, advice = ("load", "its log says why") if kept["loaded"] else ("leave", "restart the server")
            raise StepFailed(
                f"{self._client.component}: {model} is {'not' if kept['loaded'] else 'still'} in memory "
                f"{spoken(self._client.config.load_deadline)} after it was told to {asked}: {advice}."
            ) from error

    def _known_as(self, model: str) -> str:
        """What the change calls a model's place in memory."""
        name = f"memory of {bare(model)}"
        if name not in self._known:
            self._change.also(name, self._table(model))
            self._known.add(name)
        return name

    def _table(self, model: str) -> Loaded:
        component = self._client.component
        return Loaded(
            driver="loaded",
            component=component,
            endpoint=endpoint_of(self._change.target.component(component)),
            model=model,
            deadline=self._client.config.load_deadline,
        )


def _knows(answer: Generation, expect: str) -> bool:
    return bool(expect) and expect.lower() in answer.text.lower()
