"""Who may do what: keys of this run, how they are presented, and the role behind each."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from pytest_llmops.target.component import Auth
    from pytest_llmops.target.components import Components
    from pytest_llmops.target.embedded import Sandbox

_TOKEN_S = 3600.0


def generate(components: Components) -> dict[str, str]:
    """A new key for every environment variable that the components' auth names."""
    keys: dict[str, str] = {}
    for part in components.configured().values():
        for variable in part.auth.variables if part.auth else ():
            pair = part.auth is not None and part.auth.pair
            keys.setdefault(variable, f"llmops:{secrets.token_urlsafe(24)}" if pair else secrets.token_urlsafe(24))
    return keys


def presented(request: Request, auth: Auth) -> str | None:
    """The key that a request brings, in the way that ``auth`` describes; None where it brings none."""
    if auth.header:
        return request.headers.get(auth.header)
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if auth.bearer or auth.login:
        return value.strip() if scheme.lower() == "bearer" else None
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def signed(auth: Auth | None, keys: Mapping[str, str]) -> dict[str, str]:
    """The headers that sign a call to a part."""
    if auth is None:
        return {}
    if auth.header and auth.env:
        return {auth.header: keys[auth.env]}
    if auth.bearer:
        return {"Authorization": f"Bearer {keys[auth.bearer]}"}
    return {"Authorization": f"Basic {base64.b64encode(keys[auth.basic or ''].encode()).decode()}"}


def admits(request: Request, auth: Auth | None, keys: Mapping[str, str]) -> bool:
    """Whether a server that knows no roles lets a request in."""
    if auth is None:
        return True
    given = presented(request, auth) or ""
    return any(same(given, keys[variable]) for variable in auth.variables)


def same(given: str, key: str) -> bool:
    """Whether two keys are the same, in constant time."""
    return hmac.compare_digest(given.encode(), key.encode())


class Roles:
    """The keys of the API and the role of each.

    A role has the key of the variable that ``auth.roles`` gives it. The plain key (``env``, ``bearer``, ``basic``)
    belongs to the role that names the same variable, else to ``auth.role``, or the first role without a variable. With
    ``login`` that role has a token, which whoever logs in is given. The key of a role that the sandbox does not know
    was replaced by another: it is nobody's, unless it is kept.
    """

    def __init__(self, auth: Auth, sandbox: Sandbox, keys: Mapping[str, str], *, kept: bool = False) -> None:
        self.token = _token()
        self._account = keys[auth.login] if auth.login else None
        self._permissions = sandbox.roles
        replaced = {role for role in auth.roles if sandbox.roles and role not in sandbox.roles}
        self._keys = {role: keys[variable] for role, variable in auth.roles.items() if role not in replaced}
        plain = auth.variable
        if plain and plain not in auth.roles.values():
            free = (role for role in sandbox.roles if role not in auth.roles)
            role = auth.role if auth.role in sandbox.roles else next(free, auth.role)
            self._keys[role] = self.token if auth.login else keys[plain]
        self._kept = [(next(iter(sandbox.roles)), keys[auth.roles[role]]) for role in replaced] if kept else []

    def knows(self, user: str, password: str) -> bool:
        """Whether an account of that name and password may log in."""
        return self._account is not None and same(f"{user}:{password}", self._account)

    def role(self, given: str) -> str | None:
        """The role of a key; None where the key is not known."""
        known = (*self._keys.items(), *self._kept)
        return next((role for role, key in known if same(given, key)), None)

    def may(self, role: str, permission: str | None) -> bool:
        """Whether a role has a permission; all do where the sandbox names no roles."""
        return permission is None or not self._permissions or permission in self._permissions.get(role, ())


def _token() -> str:
    """A token in the shape of a JWT that holds for an hour; its signature is what makes it unguessable."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"token_type": "access", "exp": int(time.time() + _TOKEN_S)})
    told = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return ".".join((*told, secrets.token_urlsafe(32)))
