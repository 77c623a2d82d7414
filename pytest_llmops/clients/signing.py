"""Signs calls as the target's ``auth`` says, and shows signatures by the name of their variable."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError, Unsupported, did_you_mean
from pytest_llmops.target.component import UNNAMED
from pytest_llmops.target.secrets import userinfo

if TYPE_CHECKING:
    from pytest_llmops.target.component import Auth
    from pytest_llmops.target.load import Target


WRONG = "(wrong key)"
"""A role that nobody has: its calls carry a key that was made up."""

MADE_UP = "llmops-no-such-key"


@dataclass(frozen=True, slots=True)
class Signature:
    """One header.

    Attributes:
        header: its name.
        value: its value; never in ``repr``.
        curl: the words that make curl send the same, the variable in place of the secret.
    """

    header: str
    value: str = field(repr=False)
    curl: str

    @property
    def headers(self) -> dict[str, str]:
        """What is sent."""
        return {self.header: self.value}


def signature(target: Target, component: str, role: str | None = None) -> Signature | None:
    """The signature of calls to a component, by default or in a role; None where it takes none.

    Raises:
        Unsupported: the target has the key of another role alone.
        ConfigError: the role is not declared, the variable is not set, or it holds no ``user:password`` for ``basic``.
    """
    part = target.component(component)
    auth = part.auth
    if auth is None:
        given = userinfo(part.url or "")
        return _basic(given, "[user:password of the url]") if given else None
    variable = auth.variable
    if role == WRONG:
        return (
            _signed(auth, f"{MADE_UP}:{MADE_UP}", f"{MADE_UP}:{MADE_UP}")
            if auth.basic
            else _signed(auth, MADE_UP, MADE_UP)
        )
    if role not in {None, auth.role} and auth.roles:
        if role not in auth.roles:
            known = ", ".join(auth.roles)
            raise ConfigError(
                f"{component}: no role {role!r} in auth.roles.{did_you_mean(str(role), auth.roles)} Roles: {known}."
            )
        variable = auth.roles[str(role)]
    elif role not in {None, auth.role} and auth.role != UNNAMED:
        raise Unsupported(
            f"{component}: nothing says where the key of the role {role} is; the target's own is that of {auth.role}. "
            f'Give it: auth.roles.{role} = "VARIABLE".'
        )
    secret = target.secret(variable, component)
    if auth.basic and ":" not in secret:
        raise ConfigError(f"{component}: auth.basic takes user:password, and the variable {variable} holds no colon.")
    return _signed(auth, secret, f"${variable}")


def _signed(auth: Auth, secret: str, shown: str) -> Signature:
    if auth.header:
        return Signature(auth.header, secret, f'-H "{auth.header}: {shown}"')
    if auth.bearer or auth.login:
        return Signature("Authorization", f"Bearer {secret}", f'-H "Authorization: Bearer {shown}"')
    return _basic(secret, shown)


def _basic(pair: str, shown: str) -> Signature:
    return Signature("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}", f'-u "{shown}"')
