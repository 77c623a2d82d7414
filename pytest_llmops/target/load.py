"""From a file and a name to a target: find, parse, merge the profile under it, check."""

from __future__ import annotations

import os
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pytest_llmops.errors import ConfigError, Unsupported, did_you_mean
from pytest_llmops.samples import Prompt, Workload
from pytest_llmops.target import FILE_NAME, profiles
from pytest_llmops.target.memory import State
from pytest_llmops.target.models import Config, TargetTable
from pytest_llmops.target.notes import notes, notes_on_history, unverified
from pytest_llmops.target.problems import sentences
from pytest_llmops.target.proxies import Proxy, proxy_between, proxy_named
from pytest_llmops.target.secrets import Redactor, Secret, in_notification, in_userinfo, userinfo
from pytest_llmops.target.tokens import Tokens
from pytest_llmops.target.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.target.component import Component

BUILT_IN = "sandbox"


@dataclass(frozen=True)
class Target:
    """One deployment, ready to be spoken to.

    Attributes:
        name: as in ``[targets.NAME]``, or ``sandbox``, ``sandbox:PROFILE``.
        table: its settings, the profile's merged under them.
        root: directory from which reports, baselines and state resolve.
        file: the ``llmops.toml``; None where there is none.
        config: the whole file.
        environ: environment with the embedded sandbox's own keys laid over it; never shown.
        notes: what a reader of the run should know about the file.
        own_thresholds: names of the thresholds that the file itself gives, the profile's left out.
        own_windows: whether the file itself gives the maintenance windows.
        tokens: those that its accounts were given.
    """

    name: str
    table: TargetTable
    root: Path
    file: Path | None = None
    config: Config = field(default_factory=Config)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    notes: tuple[str, ...] = ()
    own_thresholds: tuple[str, ...] = ()
    own_windows: bool = False
    tokens: Tokens = field(default_factory=Tokens, repr=False, compare=False)

    def windows(self, procedures: Iterable[str] = ()) -> Windows:
        """When it may be changed; of an embedded one only the file's own windows count, not the real system's.

        Args:
            procedures: ids of the steps that the change carries out: some wait for certain windows alone.
        """
        given = self.table.disruption.waited_for(procedures)
        return Windows((), given.zone) if self.table.embedded and not self.own_windows else given

    @property
    def where(self) -> str:
        """The table's place in the file, for messages."""
        return f"{self.file.name if self.file else self.name}: [targets.{self.name}]"

    @property
    def state_folder(self) -> Path:
        """Where locks and the undo journal live, and runs that could not be written to the history."""
        return self.root / self.config.state.dir

    @property
    def workload(self) -> Workload:
        """The prompts that timed calls send.

        Raises:
            ConfigError: neither the target nor its profile has any.
        """
        if not self.table.prompts:
            raise ConfigError(f"{self.where} has no prompts; add [[targets.{self.name}.prompts]] with id and text.")
        return Workload(tuple(Prompt(p.id, p.text, p.expect) for p in self.table.prompts))

    @property
    def reported(self) -> Workload:
        """What somebody asked when it went wrong.

        Raises:
            Unsupported: the target names nothing of the kind.
        """
        if not self.table.incident.reported:
            raise Unsupported(
                f"target {self.name} names no query that was reported, so there is nothing to ask again; add "
                f"[[targets.{self.name}.incident.reported]] with id, text and expect."
            )
        return Workload(tuple(Prompt(p.id, p.text, p.expect) for p in self.table.incident.reported))

    @property
    def reported_at(self) -> tuple[float, ...]:
        """When what was reported happened, in epoch seconds, as far as somebody says."""
        return tuple(one.at.timestamp() for one in self.table.incident.reported if one.at is not None)

    def component(self, name: str) -> Component:
        """A configured component.

        Raises:
            ConfigError: the target has none of that name.
        """
        configured = self.table.components.configured()
        if name not in configured:
            raise ConfigError(f"{self.where} has no component {name!r}; it has: {', '.join(configured) or 'none'}.")
        return configured[name]

    def secret(self, variable: str, component: str) -> str:
        """A secret's value by the name of its variable, for signing calls to a component."""
        return Secret(variable).value(self.environ, f"{self.where[:-1]}.components.{component}]")

    def secrets(self) -> dict[str, list[str]]:
        """The values of all secrets that the target names, by component.

        Raises:
            ConfigError: at least one of them is not set; names all that are not.
        """
        missing = {
            variable: name
            for name, part in self.table.components.configured().items()
            for variable in (part.auth.variables if part.auth else [])
            if not self.environ.get(variable)
        }
        if len(missing) > 1:
            named = ", ".join(f"{variable} (components.{name})" for variable, name in missing.items())
            raise ConfigError(
                f"{self.where} takes secrets from environment variables that are not set: {named}. "
                f"Set them (export {' '.join(f'{variable}=…' for variable in missing)}) and run again."
            )
        for variable, name in missing.items():
            self.secret(variable, name)
        return self.known_secrets()

    def known_secrets(self) -> dict[str, list[str]]:
        """Those that are set, with what is secret in urls and in proxies' urls, also in those of the environment.

        And the tokens that its accounts were given by now.
        """
        found: defaultdict[str, list[str]] = defaultdict(list)  # a service may have the name of one of the tables below
        for name, part in self.table.components.configured().items():
            variables = part.auth.variables if part.auth else []
            found[name] = [self.environ[variable] for variable in variables if self.environ.get(variable)]
            found[name] += [value.partition(":")[2] for value in found[name] if part.auth and part.auth.pair]
            proxy = proxy_named(part.url, part.proxy, self.environ) if part.url and "http" in part.schemes else None
            found[name] += in_userinfo(userinfo(part.url or "")) + in_userinfo(proxy.userinfo if proxy else "")
            found[name] += part.control.secrets(self.environ) if part.control else []
        told = [self.environ[name] for name in self.table.notify.variables if self.environ.get(name)]
        if told:
            found["notify"] += [secret for urls in told for secret in self.secret_in(urls)]
        if (alerts := self.table.notify.alertmanager) and (of_alerts := alerts.secrets(self.environ)):
            found["notify"] += of_alerts
        if of_databases := [one for table in self.table.databases.values() for one in table.secrets(self.environ)]:
            found["databases"] += of_databases
        if of_history := self.config.history.secrets(self.environ):
            found["history"] += of_history
        if of_accounts := self.tokens.values():
            found["tokens"] += of_accounts
        return dict(found)

    def secret_in(self, urls: str) -> list[str]:
        """What is secret in apprise URLs of this target, to which a name that is shown anyway may be a topic."""
        plain = {self.name, self.table.environment, *self.table.components.configured()}
        return in_notification(urls, whole=not self.table.embedded, plain=plain)

    def proxy(self, component: str) -> Proxy | None:
        """The proxy that calls to a component go through; None where they go straight to it.

        Raises:
            ConfigError: the environment names one that is no proxy.
        """
        part = self.component(component)
        return proxy_between(part.url, part.proxy, self.environ) if part.url and "http" in part.schemes else None

    def redactor(self) -> Redactor:
        """What takes this target's secrets out of text; one that is not set has no value to take out."""
        known = (value for values in self.known_secrets().values() for value in values)
        return Redactor(known, self.tokens.values)

    def without_secrets(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Variables, but for those that hold a secret of this target: what a process that we start may see."""
        secret = {value for values in self.known_secrets().values() for value in values}
        return {name: value for name, value in environ.items() if value not in secret}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be said at the start *and* at the end of every run: where nobody knows who answers."""
        return tuple(unverified(self.table, self.where[:-1]))


def find(given: Path | None, start: Path) -> Path | None:
    """The file to read: the given one, else ``llmops.toml`` in ``start``; None where there is none.

    Raises:
        ConfigError: the given one does not exist.
    """
    if given is not None:
        path = given if given.is_absolute() else Path.cwd() / given
        if not path.is_file():
            raise ConfigError(f"{given} does not exist; give the path of an llmops.toml, or leave the option out.")
        return path
    path = start / FILE_NAME
    return path if path.is_file() else None


def load(file: Path | None, name: str | None, root: Path, environ: Mapping[str, str] | None = None) -> Target:
    """Read a target.

    Args:
        file: ``llmops.toml``, or None for the built-in targets alone.
        name: the target; None for the file's ``default_target``, its only one, or ``sandbox``.
        root: from where paths resolve when there is no file.
        environ: where secrets are looked up; the process's own by default.

    Raises:
        ConfigError: says file, table and key, what was found there, and the nearest right word.
    """
    raw = _parse(file) if file else {}
    shown = file.name if file else ""
    config = _checked(raw, shown)
    chosen = name or config.default_target or _only(config, shown)
    if chosen not in config.targets:
        config = _with_built_in(config, chosen, shown)
    table, left_out = _addressed(config.targets[chosen], chosen, shown)
    target = Target(
        name=chosen,
        table=table,
        root=file.resolve().parent if file else root,
        file=file,
        config=config,
        environ=os.environ if environ is None else environ,
        own_thresholds=tuple(raw.get("targets", {}).get(chosen, {}).get("thresholds", {})),
        own_windows="windows" in raw.get("targets", {}).get(chosen, {}).get("disruption", {}),
    )
    said = (*notes(table, target.where[:-1]), *notes_on_history(config.history, shown))
    return replace(target, notes=(*target.warnings, *said, *left_out))


def load_any(file: Path | None, root: Path) -> Target:
    """Some target of a file: for the state and the history, which all of them share.

    Raises:
        ConfigError: the file cannot be read.
    """
    raw = _parse(file) if file else {}
    named = raw.get("targets", {})
    first = next(iter(named), None) if isinstance(named, Mapping) else None
    return load(file, raw.get("default_target") or first, root)


def state_path(file: Path | None, root: Path) -> Path:
    """Where locks and the undo journal live, also where no target of the file can be read.

    Args:
        file: ``llmops.toml``; None where there is none.
        root: where the state folder is then.

    Raises:
        ConfigError: the file is not TOML, or its ``[state]`` is no such table.
    """
    if file is None:
        return root / State().dir
    try:
        return file.resolve().parent / State.model_validate(_parse(file).get("state", {})).dir
    except ValidationError as error:
        raise ConfigError("\n".join(sentences(error, State, f"{file.name}: [state]"))) from None


def _addressed(table: TargetTable, name: str, shown: str) -> tuple[TargetTable, list[str]]:
    """The target without the components that have no address, and a note of them.

    An embedded one keeps all that the sandbox has a part for.
    """
    parts = table.components.configured()
    without = [key for key, part in parts.items() if part.addressed and not part.url]
    idle = [key for key, part in table.components.workers.items() if part.control is None]
    if table.embedded:
        without += table.components.workers
        without = [key for key in without if table.sandbox.unit_of(key) is None]
        note = f"{shown}: [targets.{name}] is embedded, and the sandbox has no part for {', '.join(without)}: left out"
    elif len(without) == len(parts):
        raise ConfigError(
            f"{shown}: [targets.{name}] has no component with a url; "
            f'give one, for example [targets.{name}.components.{next(iter(parts), "api")}] url = "http://…".'
        )
    else:
        lacking = [f"no url for {', '.join(without)}"] if without else []
        lacking += [f"no control for {', '.join(idle)}"] if idle else []
        note = f"{shown}: [targets.{name}] has {' and '.join(lacking)}: left out"
        without += idle
    left = table.components.replaced(dict.fromkeys(without))
    return table.model_copy(update={"components": left}), [note] if without else []


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file.name} is not valid TOML: {error}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file.name} cannot be read: {error}.") from error


def _checked(raw: Mapping[str, Any], shown: str) -> Config:
    """The file with each target's profile merged under it."""
    targets = raw.get("targets", {})
    if isinstance(targets, Mapping):
        full = {name: _over_profile(name, table, shown) for name, table in targets.items()}
        raw = {**raw, "targets": full}
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError("\n".join(sentences(error, Config, shown))) from None


def _over_profile(name: str, table: object, shown: str) -> object:
    if not isinstance(table, Mapping):
        return table
    bare = BUILT_IN if table.get("environment") == "sandbox" else profiles.BARE
    profile = table.get("profile", bare)
    if not isinstance(profile, str):
        return table  # pydantic says what is wrong with it
    under = profiles.read(profile, f"{shown}: [targets.{name}]")
    under = profiles.embedded(under) if table.get("environment") == "sandbox" else under
    return profiles.merged({**under, "profile": profile}, table)


def _only(config: Config, shown: str) -> str:
    if not config.targets:
        return BUILT_IN
    if len(config.targets) > 1:
        raise ConfigError(
            f"{shown} has several targets ({', '.join(config.targets)}) and no default_target; "
            f"set default_target or give --llmops-target NAME."
        )
    return next(iter(config.targets))


def built_in_names() -> list[str]:
    """The embedded targets, which are there without a file: ``sandbox``, ``sandbox:PROFILE``."""
    return [BUILT_IN, *(f"{BUILT_IN}:{profile}" for profile in profiles.names() if profile != BUILT_IN)]


def _with_built_in(config: Config, name: str, shown: str) -> Config:
    """The file with the embedded target of that name added: ``sandbox`` or ``sandbox:PROFILE``."""
    kind, _, profile = name.partition(":")
    known = list(dict.fromkeys((*config.targets, *built_in_names())))
    if kind != BUILT_IN or name not in known:
        asked = f"{shown}: " if shown else ""
        raise ConfigError(f"{asked}unknown target {name!r}.{did_you_mean(name, known)} Targets: {', '.join(known)}.")
    own = {"profile": profile or BUILT_IN, "environment": "sandbox"}
    values = profiles.merged(profiles.embedded(profiles.read(profile or BUILT_IN)), own)
    return config.model_copy(update={"targets": {**config.targets, name: TargetTable.model_validate(values)}})
