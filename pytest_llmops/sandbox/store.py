"""An S3-style store over folders: each is a bucket, its files are objects. They are listed and read, never written."""

from __future__ import annotations

import datetime as dt
import hashlib
from email.utils import format_datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request


def store(root: Path, *, errors: bool = False) -> Starlette:
    """The store: GET of a bucket (ListObjectsV2, all on one page), GET and HEAD of an object.

    Args:
        root: whose folders are the buckets.
        errors: whether every request is answered with 500.
    """

    async def bucket(request: Request) -> Response:
        folder = root / request.path_params["bucket"]
        if errors:
            return _refused(500, "InternalError")
        if not folder.is_dir():
            return _refused(404, "NoSuchBucket")
        prefix = request.query_params.get("prefix", "")
        keys = [(path.relative_to(folder).as_posix(), path) for path in sorted(folder.rglob("*")) if path.is_file()]
        found = "".join(_listed(key, path) for key, path in keys if key.startswith(prefix))
        return _xml(
            f"<ListBucketResult><Name>{escape(folder.name)}</Name><Prefix>{escape(prefix)}</Prefix>"
            f"<IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
        )

    async def thing(request: Request) -> Response:
        folder = root / request.path_params["bucket"]
        path = folder / request.path_params["key"]
        if errors:
            return _refused(500, "InternalError")
        if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            return _refused(404, "NoSuchKey")
        content = path.read_bytes()
        headers = {"ETag": _tag(content), "Last-Modified": format_datetime(_written(path), usegmt=True)}
        return Response(content, headers=headers, media_type="application/octet-stream")

    return Starlette(
        routes=[Route("/{bucket}", bucket), Route("/{bucket}/", bucket), Route("/{bucket}/{key:path}", thing)]
    )


def _listed(key: str, path: Path) -> str:
    content = path.read_bytes()
    return (
        f"<Contents><Key>{escape(key)}</Key><LastModified>{_written(path):%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
        f"<ETag>{escape(_tag(content))}</ETag><Size>{len(content)}</Size></Contents>"
    )


def _tag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def _written(path: Path) -> dt.datetime:
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)


def _refused(status: int, code: str) -> Response:
    return _xml(f"<Error><Code>{code}</Code></Error>", status)


def _xml(text: str, status: int = 200) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{text}', status, media_type="application/xml")
