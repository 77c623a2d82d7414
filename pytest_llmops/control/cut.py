"""Drives a cut: a rule of iptables by which this machine sends nothing to one port of one address."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pytest_llmops.control.deadline import Deadline
from pytest_llmops.control.tool import Done, Tool
from pytest_llmops.control.value import ValueDriver
from pytest_llmops.errors import ControlError, Unsupported

if TYPE_CHECKING:
    from pytest_llmops.target.cuts import CutRule
    from pytest_llmops.target.load import Target

OPEN = "open"
WAYS = {"drop": ("-j", "DROP"), "reject": ("-j", "REJECT", "--reject-with", "tcp-reset")}
"""What becomes of packets: nobody answers, or connections are reset."""

CHAIN = "OUTPUT"
WAITS = ("-w", "5")
"""Seconds for which iptables waits while somebody else changes rules."""

SBIN = "/usr/sbin:/sbin"
"""Where iptables is, and what is often not searched for programs."""


def driver(settings: CutRule, target: Target) -> CutDriver:
    """The driver of a cut's table."""
    return CutDriver(settings, target)


class CutDriver(ValueDriver):
    """Inserts one rule that has a comment of its own, and removes those with that comment alone."""

    def __init__(self, settings: CutRule, target: Target) -> None:
        super().__init__(settings.what, settings.resolved(target.root, target.environ), target)
        address, port = settings.place
        program = "iptables" if address.version == 4 else "ip6tables"
        environ = {**target.environ, "PATH": f"{target.environ.get('PATH', '')}:{SBIN}"}
        self._tool = Tool((*settings.via, program, *WAITS), environ=environ)
        comment = ("-m", "comment", "--comment", settings.rule)
        self._rule = ("-d", str(address), "-p", "tcp", "--dport", str(port), *comment)
        self._able = False

    def read(self, within_s: float) -> str:
        """What becomes of packets: ``open``, ``drop`` or ``reject``."""
        rules = self._rules(Deadline(within_s))
        return rules[0][rules[0].index("-j") + 1].lower() if rules else OPEN

    def write(self, value: str, within_s: float) -> None:
        """Remove the rule that is there, and insert another."""
        if value not in {OPEN, *WAYS}:
            known = ", ".join((OPEN, *WAYS))
            raise ControlError("", "refused", f"{value!r} is nothing that a way can be; it can be: {known}.")
        deadline = Deadline(within_s)
        for rule in self._rules(deadline):
            self._done("-D", *rule[1:], deadline=deadline)
        if value != OPEN:
            self._done("-I", CHAIN, "1", *self._rule, *WAYS[value], deadline=deadline)

    def typed(self, value: str) -> str:
        """What makes it so; to open the way, whichever rule is there is removed."""
        if value != OPEN:
            return self._tool.typed("-I", CHAIN, "1", *self._rule, *WAYS[value])
        return " || ".join(self._tool.typed("-D", CHAIN, *self._rule, *way) for way in WAYS.values())

    def _rules(self, deadline: Deadline) -> list[list[str]]:
        """The words of our rules, as iptables lists them: ``-A OUTPUT …``.

        Raises:
            Unsupported: this machine, or this user, has no packet filter to ask.
            ControlError: it was asked before, and does not answer any more.
        """
        try:
            listed = self._done("-S", CHAIN, deadline=deadline).out
        except ControlError as error:
            if self._able or error.kind == "timeout":
                raise
            raise Unsupported(
                f"{self.what} cannot be cut off from here: {error} It takes iptables, and root, CAP_NET_ADMIN, or "
                f"via = ['sudo', '-n'] in its table."
            ) from error
        self._able = True
        words = map(shlex.split, listed.splitlines())
        return [rule for rule in words if self.control.rule in rule]

    def _done(self, *words: str, deadline: Deadline) -> Done:
        done = self._tool.run(*words, within_s=deadline.left_s)
        if done.status:
            said = f"{self._tool.typed(*words)} ended with {done.status}; it said: {done.said}"
            raise ControlError("", "refused", said if said.endswith(".") else f"{said}.")
        return done
