"""Short ways of writing a table of which mostly one key is meant: a text, a list of texts, or a number in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler


@dataclass(frozen=True, slots=True)
class Short:
    """Stands beside a table's type in ``Annotated``.

    Attributes:
        key: that is meant where something else than a table is written.
        listed: whether its value is a list of texts, so that one text may stand for it; else it is a number.
    """

    key: str
    listed: bool = True

    def read(self, found: Any) -> Any:
        """The table that is meant; texts of ``unit`` are a list, too."""
        if found is None:
            return None
        if not isinstance(found, dict):
            return {self.key: [found] if self.listed and not isinstance(found, list) else found}
        return {**found, "unit": [found["unit"]]} if isinstance(found.get("unit"), str) else found

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        text = {"type": "string"}
        short = [text, {"type": "array", "items": text}] if self.listed else [{"type": "number"}]
        return {"anyOf": [*short, handler(schema)]}
