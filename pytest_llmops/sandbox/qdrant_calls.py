"""What Qdrant's routes are asked, and how they say no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from starlette.datastructures import UploadFile

if TYPE_CHECKING:
    from starlette.requests import Request


class Wrong(Exception):
    """A call that is answered with an error.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def asked(request: Request) -> dict[str, Any]:
    """All that a call says: its body, JSON or a form; by their names further words of its path, or of its query.

    Raises:
        Wrong: the body is no object.
    """
    further = {key: value for key, value in request.path_params.items() if key != "name"}
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_part_size=1 << 30) as form:
            parts = {key: await part.read() if isinstance(part, UploadFile) else part for key, part in form.items()}
        return {**request.query_params, **parts}
    body = await request.json() if await request.body() else {}
    if not isinstance(body, dict):
        raise Wrong(400, "Format error in JSON body: expected an object")
    return {**body, **further}


def check_id(value: object) -> None:
    """See whether it can be a point's.

    Raises:
        Wrong: it cannot.
    """
    if isinstance(value, int) and value >= 0:
        return
    try:
        UUID(str(value) if isinstance(value, str | UUID) else "")
    except ValueError:
        raise Wrong(
            400,
            f"Format error in JSON body: value {value} is not a valid point ID, "
            "valid values are either an unsigned integer or a UUID",
        ) from None
