"""A synthetic person: made up from a seed, told from everybody else, and nobody's data."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass
from functools import cached_property

_FIRST = ("Ansgard", "Belwina", "Corvane", "Delphira", "Elowick", "Fenmarie", "Galdorin", "Hesperine")
_LAST = ("Quillmoor", "Rastabley", "Sondervick", "Tallowmere", "Umberlyn", "Vexholme", "Wrenfold", "Yarrowby")
_WORDS = ("amber", "badger", "cobalt", "dahlia", "ember", "falcon", "garnet", "heron", "indigo", "juniper", "kestrel")
_SIGNS = "abcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True)
class Person:
    """All of a person follows from the seed, so that a journal or a report need hold no more than that.

    Args:
        seed: hexadecimal digits.
    """

    seed: str

    @classmethod
    def anew(cls) -> Person:
        """Somebody who was never there before."""
        return cls(secrets.token_hex(6))

    @property
    def user(self) -> str:
        """The id of the user: an operator finds by it what is left."""
        return f"llmops-person-{self.seed}"

    @cached_property
    def name(self) -> str:
        """First and last name; the last name is nobody else's."""
        chosen = random.Random(f"{self.seed} name")  # noqa: S311 (nothing is kept secret by it)
        ending = "".join(chosen.choices(_SIGNS, k=5))
        return f"{chosen.choice(_FIRST)} {chosen.choice(_LAST)}{ending}"

    @cached_property
    def email(self) -> str:
        """An address of a domain that can never exist (RFC 2606)."""
        return f"{self.name.lower().replace(' ', '.')}@llmops.invalid"

    @cached_property
    def phrase(self) -> str:
        """Words that stand in no other text."""
        chosen = random.Random(f"{self.seed} phrase")  # noqa: S311
        return "-".join([*chosen.sample(_WORDS, 3), "".join(chosen.choices(_SIGNS, k=6))])

    @property
    def document(self) -> str:
        """A text about the person, for a knowledge base."""
        return (
            f"The recovery phrase of the made-up customer {self.name} is {self.phrase}. "
            f"Letters for {self.name} go to {self.email} alone."
        )

    @property
    def question(self) -> str:
        """A question in the person's own name; it holds none of what an answer alone could tell."""
        return f"What is the recovery phrase of the made-up customer {self.name}?"

    @property
    def traces(self) -> tuple[str, ...]:
        """By any of these the person is known."""
        return self.user, self.name, self.email, self.phrase

    @property
    def told(self) -> tuple[str, ...]:
        """What only an answer tells, for the question does not."""
        return self.email, self.phrase

    def within(self, text: str) -> bool:
        """Whether a text holds anything of the person, in capitals or not."""
        low = text.lower()
        return any(trace.lower() in low for trace in self.traces)
