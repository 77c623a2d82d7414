"""One model as the model server lists it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Model:
    """One model.

    Attributes:
        name: as it is asked for.
        embeds: whether it makes vectors; such a model does not generate.
        digest: 64 hex digits.
        size: bytes.
        family: its architecture.
        parameters: how many.
        quantisation: how they are stored, e.g. ``F16``.
        context: tokens that it can hold.
        width: length of its vectors.
        newer: whether it is another build than the one that was there first.
    """

    name: str
    embeds: bool
    digest: str
    size: int
    family: str
    parameters: int
    quantisation: str
    context: int
    width: int
    newer: bool = False

    @property
    def blob(self) -> str:
        """64 hex digits of the file that holds its weights; ``digest`` is of the manifest that names it."""
        return sha256(self.digest.encode()).hexdigest()

    @property
    def details(self) -> dict[str, object]:
        """As Ollama lists them."""
        return {
            "parent_model": "",
            "format": "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": _rounded(self.parameters),
            "quantization_level": self.quantisation,
        }


def _rounded(parameters: int) -> str:
    """``1.2B``, ``137M``, ``18.6M``."""
    unit, letter = (1e9, "B") if parameters >= 1e9 else (1e6, "M")
    return f"{parameters / unit:.1f}".removesuffix(".0") + letter
