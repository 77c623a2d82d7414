"""Logs in: a token in place of user and password, asked for once, and again before it runs out."""

from __future__ import annotations

import base64
import binascii
import json
import time
from typing import TYPE_CHECKING, Any

import jmespath

from pytest_llmops.clients.signing import Signature
from pytest_llmops.errors import CallFailed, ConfigError
from pytest_llmops.target.templates import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.answer import Answer
    from pytest_llmops.target.components import Api
    from pytest_llmops.target.load import Target

SPARE_S = 60.0
"""A token is not used any more in its last minute; one that holds for less than two of them, not in its second half."""


class Login:
    """The token of one component's account.

    Args:
        target: the deployment.
        component: its name there; its ``auth`` has ``login``.
        ask: makes the call: method, path, body, and the body as it may be shown.
    """

    def __init__(self, target: Target, component: str, ask: Callable[[str, str, Any, Any], Answer]) -> None:
        self._target = target
        self._component = component
        self._ask = ask
        self._token = ""
        self._until = 0.0

    def signature(self) -> Signature:
        """The header that signs a call; logs in first where there is no token that still holds.

        Raises:
            CallFailed: the account was refused, or the answer holds no token (kind ``bad-answer``).
            ConfigError: the variable is not set, or holds no ``user:password``.
        """
        if not self._token or time.time() > self._until:
            self._token = self._asked()
            self._target.tokens.add(self._token)
            now, ends = time.time(), _ends(self._token)
            self._until = ends - min(SPARE_S, max(0.0, ends - now) / 2)
        return Signature("Authorization", f"Bearer {self._token}", '-H "Authorization: Bearer $TOKEN"')

    def _asked(self) -> str:
        part: Api = self._target.component(self._component)  # type: ignore[assignment]
        variable, route = part.auth.variable if part.auth else "", part.routes["login"]
        user, colon, password = self._target.secret(variable, self._component).partition(":")
        if not colon:
            raise ConfigError(
                f"{self._component}: auth.login takes user:password, and the variable {variable} holds no colon."
            )
        body = render(route.body, {"user": user, "password": password})
        shown = render(route.body, {"user": f"user of ${variable}", "password": f"password of ${variable}"})
        answer = self._ask(route.method, route.path, body, shown).ok()
        token = jmespath.search(route.answer or "@", answer.json())
        if not isinstance(token, str) or not token:
            said = f"{self._component}: {answer.asked} answered {answer.status} without a token at {route.answer!r}."
            raise CallFailed(self._component, "bad-answer", said)
        return token


def _ends(token: str) -> float:
    """Epoch seconds at which a JWT says that it runs out; never for a token that does not say."""
    try:
        told = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))
        return float(said["exp"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return float("inf")
