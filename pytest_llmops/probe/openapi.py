"""An OpenAPI schema (2.0 and 3.x), read as far as questions and answers need it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pytest_llmops.probe.keys import BASIC, BEARER, Scheme
from pytest_llmops.probe.schemas import flat, followed
from pytest_llmops.probe.shapes import listed, table

PATHS = (
    "/openapi.json",
    "/schema/openapi.json",  # Litestar
    "/v3/api-docs",  # Spring
    "/swagger/v1/swagger.json",  # ASP.NET
    "/swagger.json",
    "/api/openapi.json",
    "/api-docs",
    "/docs/openapi.json",
)
"""Where frameworks serve it."""

_HEADER = re.compile(r"[A-Za-z0-9_-]+")

JSON, FORM, OTHER = "json", "form", "other"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation. ``place`` is ``path``, ``query``, ``header`` or ``cookie``."""

    name: str
    place: str
    required: bool
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        method, path: as the schema has them.
        title: its summary, id and tags, for a look at the words.
        parameters: those of its path included.
        body: schema of the request body; None where it takes none.
        encoding: how the body is sent: ``json``, ``form``, ``other``.
        example: a whole request body that the schema gives; None without.
        answer: schema of the 2xx answer; None where it describes none.
        streams: its answer is described as server-sent events alone.
        keys: what it is to be signed with, by the schema.
    """

    method: str
    path: str
    title: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Mapping[str, Any] | None = None
    encoding: str = JSON
    example: Any = None
    answer: Mapping[str, Any] | None = None
    streams: bool = False
    keys: tuple[Scheme, ...] = field(default=())


def is_schema(found: Any) -> bool:
    """Whether a JSON document is an OpenAPI schema."""
    version = table(found).get("openapi") or table(found).get("swagger")
    return isinstance(version, str) and isinstance(found.get("paths"), Mapping)


class Document:
    """A schema.

    Args:
        raw: as it was served. Whatever is malformed in it is read as absent.
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw

    @property
    def title(self) -> str:
        """What it calls the service, with its version."""
        info = table(self.raw.get("info"))
        return " ".join(str(info[key]) for key in ("title", "version") if isinstance(info.get(key), str | int | float))

    @property
    def prefix(self) -> str:
        """The path that goes before all others (``servers``, ``basePath``); empty for none."""
        server = next(iter(listed(self.raw.get("servers"))), None)
        url = table(server).get("url") or self.raw.get("basePath") or ""
        try:
            path = urlsplit(url).path.rstrip("/") if isinstance(url, str) else ""
        except ValueError:
            path = ""
        return path if path.startswith("/") and "{" not in path else ""

    def operations(self) -> Iterator[Operation]:
        """Its GET and POST operations, in the order of the file."""
        for path, item in table(self.raw.get("paths")).items():
            methods = self.followed(item)
            for method in ("get", "post"):
                if path.startswith("/") and isinstance(methods.get(method), Mapping):
                    yield self._operation(method.upper(), path, methods, methods[method])

    def flat(self, schema: Any) -> dict[str, Any]:
        """A schema with its references followed, and its allOf, anyOf and oneOf made one."""
        return flat(self.raw, schema)

    def properties(self, schema: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The properties of a flat schema, each made flat."""
        return {name: self.flat(item) for name, item in table(schema.get("properties")).items()}

    def followed(self, item: Any) -> Mapping[str, Any]:
        """What a ``$ref`` points at, or the item itself."""
        return followed(self.raw, item)

    def _operation(self, method: str, path: str, item: Mapping[str, Any], one: Mapping[str, Any]) -> Operation:
        every = [self.followed(raw) for raw in [*listed(item.get("parameters")), *listed(one.get("parameters"))]]
        title = " ".join(str(word) for word in (one.get("summary"), one.get("operationId"), *listed(one.get("tags"))))
        body, encoding, example = self._body(one, every)
        answer, streams = self._answer(one)
        return Operation(
            method=method,
            path=path,
            title=title,
            parameters=tuple(self._parameter(raw) for raw in every if raw.get("in") not in {"body", "formData"}),
            body=body,
            encoding=encoding,
            example=example,
            answer=answer,
            streams=streams,
            keys=self._keys(one),
        )

    def _parameter(self, raw: Mapping[str, Any]) -> Parameter:
        schema = self.flat(raw.get("schema", {key: value for key, value in raw.items() if key != "required"}))
        if raw.get("example") is not None:
            schema["example"] = raw["example"]
        return Parameter(str(raw.get("name")), str(raw.get("in")), raw.get("required") is True, schema)

    def _body(
        self, one: Mapping[str, Any], parameters: list[Mapping[str, Any]]
    ) -> tuple[Mapping[str, Any] | None, str, Any]:
        """Schema, encoding and example of the request body."""
        for raw in parameters:  # OpenAPI 2
            if raw.get("in") == "body":
                return self.flat(raw.get("schema")), JSON, None
            if raw.get("in") == "formData":
                return {}, FORM, None
        content = table(self.followed(one.get("requestBody")).get("content"))
        if not content:
            return None, JSON, None
        kind = _json_of(content)
        if kind is None:
            forms = any("form" in name for name in content)
            return {}, FORM if forms else OTHER, None
        examples = [table(item).get("value") for item in table(kind.get("examples")).values()]
        given = [one for one in (kind.get("example"), *examples) if one is not None]
        return self.flat(kind.get("schema")), JSON, next(iter(given), None)

    def _answer(self, one: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, bool]:
        """Schema of the first 2xx answer, and whether it is a stream of events."""
        responses = table(one.get("responses"))
        good = next((code for code in responses if str(code).startswith("2")), "default")
        found = self.followed(responses.get(good))
        if isinstance(found.get("schema"), Mapping):  # OpenAPI 2
            return self.flat(found["schema"]), False
        content = table(found.get("content"))
        kind = _json_of(content)
        if kind is None:
            return None, any("event-stream" in name for name in content)
        return self.flat(kind.get("schema")), False

    def _keys(self, one: Mapping[str, Any]) -> tuple[Scheme, ...]:
        """What signs an operation, a key in a header first: tokens expire. Empty where it may go without."""
        needs = listed(one.get("security") if "security" in one else self.raw.get("security"))
        if not needs or any(need == {} for need in needs):
            return ()
        declared = table(table(self.raw.get("components")).get("securitySchemes")) or table(
            self.raw.get("securityDefinitions")
        )
        names = [name for need in needs for name in table(need)]
        found = [_scheme(self.followed(declared.get(name))) for name in names]
        return tuple(sorted(dict.fromkeys(scheme for scheme in found if scheme), key=lambda one: one[0] != "header"))


def _json_of(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The media type that is JSON, or any."""
    for name, kind in content.items():
        bare = name.partition(";")[0].strip().lower()
        if bare in {"application/json", "text/json", "*/*"} or bare.endswith("+json"):
            return table(kind)
    return None


def _scheme(raw: Mapping[str, Any]) -> Scheme | None:
    """A security scheme that ``auth`` can express; None for a key in a query or a cookie."""
    kind, name = raw.get("type"), raw.get("name")
    if kind == "apiKey":
        return ("header", str(name)) if raw.get("in") == "header" and _HEADER.fullmatch(str(name)) else None
    if kind == "basic" or (kind == "http" and str(raw.get("scheme")).lower() == "basic"):
        return BASIC
    return BEARER if kind in {"http", "oauth2", "openIdConnect"} else None
