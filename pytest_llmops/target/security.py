"""What a security review may expect of a target, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.audit_trails import AuditTrail
from pytest_llmops.target.erasing import Erasure
from pytest_llmops.target.table import Regex, Table

if TYPE_CHECKING:
    from pathlib import Path

Subject = Literal[
    "access",
    "tenants",
    "rate_limit",
    "injection_block",
    "pii_redaction",
    "deletion",
    "audit_log",
    "audit_chain",
    "write_once",
    "access_log",
    "command_audit",
    "private_logs",
    "tls",
    "cors",
    "headers",
    "ollama_key",
    "qdrant_key",
    "redis_password",
    "private_docs",
    "private_metrics",
    "session_timeout",
    "images",
    "image_versions",
]


def _allows(text: str) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        raise ValueError(f"{text!r} is no range of versions; write for example '>=4.40,<5'") from None
    return text


Versions = Annotated[str, AfterValidator(_allows)]
"""Which versions may be installed, as pip writes it: ``>=4.40,<5``."""


class Keys(Table):
    """Where it stands what is known of the target's keys; the keys themselves stand nowhere."""

    inventory: str = Field(
        "key_inventory", description="Set of components.files: the file, TOML, with name and date of each key."
    )
    in_use: str = Field(
        "keys_in_use",
        description="Command of app_command that prints, as JSON, the roles that there are and of each key that the "
        "application takes its role and the first twelve digits of its SHA-256.",
    )
    replaced: str = Field(
        "", description="Of the API's auth.roles the one whose key was replaced by another: it must be refused."
    )


class Rules(Table):
    """Rules of a compliance that are evaluated on every run."""

    retention: list[str] = Field([], description="Logs that are kept as their own keep and drop say.")
    private: list[str] = Field([], description="Logs none of whose entries has a field named private, or a true one.")
    access: list[str] = Field([], description="Sets of files whose permissions are at most their mode.")


class Detected(Table):
    """Which personal data the system says that it detects, and where it says so."""

    event: str = Field(description="The event of components.logs.events in which it stands.")
    field: str = Field(description="The field of that event's log that names the kinds.")
    kinds: dict[str, str] = Field(
        min_length=1,
        description="Kinds of personal data (email phone_us ssn credit_card ip_address date_of_birth iban) to what the "
        "system calls each.",
    )


class Permissions(Table):
    """Who or what may do what, as one command prints it, and as a person has approved it."""

    command: str = Field(description="The command of app_command that prints it: a JSON object, or a list of kubectl.")
    approved: dict[str, Any] = Field(
        {}, description="Name to what it is allowed; whatever is printed of that name and differs is a change."
    )
    whole: bool = Field(False, description="Whether a name that is printed and not approved is a change, too.")


class HostileInput(Table):
    """What may be spent on hostile input."""

    calls: int = Field(60, gt=0, description="Calls of a run at the most, for all of the API's routes together.")
    routes: list[str] = Field(
        [], description="Routes that it is sent to; query, explain and GET routes with placeholders by default."
    )


class PromptFile(Table):
    """A text that stands in a file of its own."""

    file: str = Field(min_length=1, description="Relative to the folder of llmops.toml.")


class Indirect(Table):
    """How a poisoned document is planted and found again; its text is asked for by a question of its own."""

    user: str = Field("llmops-poison", min_length=1, description="In whose name it is ingested, and deleted; nobody's.")


class Security(Table):
    """What a review goes by, and what the system has nothing of: that is unsupported, by name, and never passes."""

    permissions: dict[str, Permissions] = Field({}, description="What a review of permissions lists, by subject.")
    hostile: HostileInput = HostileInput()
    lacks: dict[Subject, str] = Field(
        {},
        description='What the system has nothing of, and how that is known, e.g. access = "no route asks for a key".',
    )
    erasure: Erasure = Field(Erasure(), description="How a person's data are deleted, and looked for.")
    audit: AuditTrail | None = Field(None, description="The audit log; where it is lacking, where it would stand.")
    events: dict[str, str] = Field(
        {}, description="Class of security events, e.g. failed_logins, to the event of components.logs that is one."
    )
    allowed_commands: Regex | None = Field(
        None, description="What stands in a command that may be run, e.g. '^(ls|pwd)( |$)'; others are flagged."
    )
    rules: Rules = Rules()

    conversations: list[str] = Field(
        [], description="Logs in which what users write is kept as they wrote it; nobody else may read their files."
    )
    addresses: list[str] = Field(
        [], description="Logs that are there to tell from where somebody came: network addresses in them are no leak."
    )
    detection: Detected | None = Field(None, description="Which personal data the system says that it detects.")

    attacks: list[str] = Field(
        [], description="Files of further attacks, JSON lines of garak, promptfoo or our own form; see security.md."
    )
    generations: int = Field(1, ge=1, description="How often each attack is sent; more where answers are drawn.")
    attack_calls: int = Field(
        64, ge=12, description="Calls that a review of attacks makes at most of each component, all of them counted."
    )
    seed: int = Field(1, description="Of which attacks are sent, and how they are changed.")
    system_prompt: str | PromptFile = Field(
        "",
        description='The instructions under which it answers, as text or { file = "…" }: no answer may tell them.',
    )
    indirect: Indirect = Indirect()
    packages: dict[str, Versions] = Field(
        {}, description="Python package to the versions of it that may be installed, e.g. transformers = '>=4.40,<5'."
    )
    keys: Keys = Keys()

    def below(self, root: str) -> Self:
        """The same, where the application's files lie below another folder."""
        audit = self.audit.model_copy(update={"root": root}) if self.audit else None
        erasure = self.erasure.model_copy(update={"root": root})
        return self.model_copy(update={"audit": audit, "erasure": erasure})

    def prompt(self, root: Path) -> str:
        """The system prompt; empty where none is known.

        Args:
            root: the folder of llmops.toml.

        Raises:
            ConfigError: its file cannot be read.
        """
        if isinstance(self.system_prompt, str):
            return self.system_prompt.strip()
        path = root / self.system_prompt.file
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"security.system_prompt: {path} cannot be read: {error}.") from None
