"""What every part of the embedded stack is told when it is started."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.sandbox import tls
from pytest_llmops.sandbox.engines import choice
from pytest_llmops.sandbox.ports import HOST
from pytest_llmops.sandbox.settings import Settings
from pytest_llmops.sandbox.texts import Texts
from pytest_llmops.target.components import Components, Llm

if TYPE_CHECKING:
    from pytest_llmops.sandbox import faults
    from pytest_llmops.target.ballast import Ballast
    from pytest_llmops.target.embedded import Sandbox, StandIn
    from pytest_llmops.target.fault_proxies import Proxied
    from pytest_llmops.target.settings import Setting

DEFAULT_MODELS = ("harbour-small", "harbour-large", "harbour-embed")
DEFAULT_COLLECTION = "documents"
ANY_HOST = "0.0.0.0"  # noqa: S104 (told, and never listened at)
"""Where a part is reached as well, and what nobody takes for this machine's own address."""

LEFT_BEHIND = "left-behind"
"""The model with which the API answers where it was not told of the one that is in use."""

OUTSIDE = "outside"
"""The part that stands for what surrounds the stack."""

PROXY = "proxy-"
"""What the name of a fault proxy's process begins with."""

WATCHERS = ("prometheus", "alertmanager", "grafana")
"""What watches it, each at an address of its own."""

_PRINTING = Path(__file__).with_name("printing.py")
AGENT = "sandbox-api"
"""The User-Agent of the API's own calls to the other parts."""


@dataclass(frozen=True, slots=True)
class Stack:
    """One embedded stack.

    Attributes:
        components: the target's components; the parts take names, keys and routes from them.
        sandbox: delays, behaviours, roles.
        faults: what goes wrong.
        directory: where the parts write.
        keys: generated keys by environment variable.
        addresses: url of each unit that answers, by its name: ``api``, ``llm``, ``vectors``, ``redis``, a service.
        engine: what generates, by its name.
        channels: names of the channels that the target notifies.
        settings: those of the target, by name.
        system_prompt: the instructions under which the API answers; empty where nobody says.
        only: the units that are started, where others stand elsewhere, at addresses that were given; empty: all.
        began: what the settings were when this process began, as texts name them.
        proxies: fault proxies between the API and other parts, by name.
        sockets: the folder of the sockets at which proxies are told what to do.
        ballast: disks that may be made nearly full, by name, each a folder with a quota.
    """

    components: Components
    sandbox: Sandbox
    faults: faults.Faults
    directory: Path
    keys: dict[str, str]
    addresses: dict[str, str]
    engine: str = "synthetic"
    channels: tuple[str, ...] = ()
    settings: dict[str, Setting] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    system_prompt: str = ""
    began: dict[str, str] = field(default_factory=dict)
    proxies: dict[str, Proxied] = field(default_factory=dict)
    sockets: Path = Path()
    ballast: dict[str, Ballast] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The folder below which the application's files lie."""
        return self.directory / "root"

    @property
    def texts(self) -> Texts:
        """What fills in the profile's texts."""
        return Texts(self.sandbox.timezone, self.sandbox.compress)

    def asked_of(self, name: str) -> list[str]:
        """The cases that the faults ask of a command, a group of files, a service, the machine, in their order."""
        return [fault.partition(":")[2] for fault in self.faults if fault.partition(":")[0] == name]

    def as_set(self) -> Stack:
        """The same as its settings are now, with the faults that they bring: for a part that starts."""
        settings = Settings(self)
        return replace(self, faults=self.faults.also(settings.faults()), began=settings.now())

    @property
    def outside(self) -> list[str]:
        """What stands outside the stack and has an address of its own: services, processes that serve, the machine."""
        has = self.components.configured()
        serving = [name for name, process in self.sandbox.processes.items() if process.routes]
        found = [name for name in (*self.sandbox.services, *serving) if name in has]
        return [*found, "machine"] if "machine" in has else found

    def stand_in(self, name: str) -> StandIn:
        """What a service, or a process that serves, answers."""
        return self.sandbox.processes[name] if name in self.sandbox.processes else self.sandbox.services[name]

    @property
    def watchers(self) -> list[str]:
        """What watches the stack and has an address of its own."""
        has = self.components.configured()
        return [name for name in WATCHERS if name in has and name not in self.sandbox.services]

    @property
    def llm(self) -> Llm:
        """The model server's settings: those of ``ollama``, else of ``openai``, else plain ones."""
        return self.components.ollama or self.components.openai or Llm()

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are served, those to generate with first; ours where the target names none."""
        settings = [part for part in (self.components.ollama, self.components.openai) if part]
        named = [name for part in settings for name in (*part.models, part.model) if name]
        named += [self.sandbox.candidate] if self.sandbox.candidate else []
        named += [part.embedding_model for part in settings if part.embedding_model]
        behind = (LEFT_BEHIND,) if self._left_behind else ()
        return (*(dict.fromkeys(named) or DEFAULT_MODELS), *behind)

    @property
    def _left_behind(self) -> bool:
        return "api:other-model" in self.faults

    @property
    def embedding_models(self) -> frozenset[str]:
        """Those of them that embed and do not generate."""
        parts = (self.components.ollama, self.components.openai)
        named = {part.embedding_model for part in parts if part and part.embedding_model}
        return frozenset(named or {DEFAULT_MODELS[-1]})

    @property
    def model(self) -> str:
        """The model that the API generates with: what a setting said when it began, else the target's."""
        if self._left_behind:
            return LEFT_BEHIND
        told = self.began.get(f"setting.{self.sandbox.model_setting}", "")
        return told or self.llm.model or next((name for name in self.models if name not in self.embedding_models), "")

    @property
    def embedding_model(self) -> str:
        """The model that the API embeds with: the embedding model, else the one it generates with."""
        return next((name for name in self.models if name in self.embedding_models), self.model)

    @property
    def collection(self) -> str:
        """The collection that holds the corpus."""
        named = self.components.qdrant.collection if self.components.qdrant else None
        return named or DEFAULT_COLLECTION

    @property
    def parts(self) -> list[str]:
        """The parts that run; the API brings the model server and the vectors that it is built on."""
        has = self.components
        found = {
            "llm": has.ollama or has.openai or has.api,
            "vectors": has.qdrant or has.api,
            "redis": has.redis,
            "api": has.api,
            OUTSIDE: self.sandbox.commands or self.settings or self.channels,
        }
        return [part for part, wanted in found.items() if wanted]

    @property
    def answering(self) -> list[str]:
        """The units that have an address."""
        return [*self.parts, *self.outside, *self.watchers, *self._proxy_units]

    @property
    def _proxy_units(self) -> list[str]:
        """The proxies that are started; where only some parts are, those that were given an address."""
        units = [f"{PROXY}{name}" for name in self.proxies]
        return [unit for unit in units if not self.only or unit in self.addresses]

    def behind(self, proxy_unit: str) -> str:
        """The part to which a proxy leads."""
        unit = self.sandbox.unit_of(self.proxies[proxy_unit.removeprefix(PROXY)].component)
        assert unit is not None
        return unit

    def socket_of(self, proxy_unit: str) -> Path:
        """Where a proxy is told what to do: a number, for the path of a socket has to be short."""
        return self.sockets / f"{[*self.proxies].index(proxy_unit.removeprefix(PROXY))}"

    def way_to(self, part: str) -> str:
        """The address at which the API reaches a part: that of the proxy between, where one is."""
        url = self.addresses[part]
        proxy = next((self.addresses[unit] for unit in self._proxy_units if self.behind(unit) == part), "")
        return url.replace(urlsplit(url).netloc, urlsplit(proxy).netloc) if proxy else url

    @property
    def units(self) -> list[str]:
        """What is a process of its own, and is started here."""
        found = dict.fromkeys((*self.answering, *self.sandbox.processes))
        return [name for name in found if not self.only or name in self.only]

    def described(self) -> dict[str, object]:
        """What the stack's user needs: addresses by component, generated keys, the directory, the engine.

        A component that no part serves is left out. ``knows`` says whether answers hold the handbook's facts,
        ``root`` where the application's files lie, ``command`` the words that, with a command's name after them,
        stand for it, ``notify`` where notifications are taken, a channel's name after it, ``authority`` who signs the
        API's certificate, where it has one, ``proxies`` where each listens and is told what to do.
        """
        serving = {name: self.sandbox.unit_of(name) for name in self.components.configured()}
        told: dict[str, object] = {}
        if OUTSIDE in self.addresses:
            url = self.addresses[OUTSIDE]
            told = {"command": [sys.executable, "-S", "-E", "-P", str(_PRINTING), url], "notify": f"{url}/notify"}
        if tls.spoken(self, "api"):
            told["authority"] = str(tls.authority(self))
        return {
            **told,
            "proxies": {unit.removeprefix(PROXY): self._place_of(unit) for unit in self._proxy_units},
            "components": {name: self._told(unit) for name, unit in serving.items() if unit in self.addresses},
            "root": str(self.root),
            "environ": self.keys,
            "directory": str(self.directory),
            "engine": self.engine,
            "knows": choice.ENGINES[self.engine].knows,
        }

    def _place_of(self, proxy_unit: str) -> dict[str, str]:
        """A proxy's address, and where it is told what to do."""
        return {"listen": urlsplit(self.addresses[proxy_unit]).netloc, "socket": str(self.socket_of(proxy_unit))}

    def _told(self, unit: str) -> str:
        """The address that is told of a unit."""
        url = self.addresses[unit]
        return url.replace(HOST, ANY_HOST) if f"{unit}:in-clear" in self.faults else url
