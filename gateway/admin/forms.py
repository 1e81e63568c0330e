"""Reads what a form sends, within limits and in memory only; what the fields mean is known to the pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Self
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

MOST_BYTES = 256 * 1024
MOST_BYTES_OF_STRANGERS = 8 * 1024
"""Before anybody is signed in a form holds a name, a code and a password."""
MOST_FIELDS = 60
TIMEOUT_S = 10.0


class FileText(str):
    """The text of a file that was chosen in a form, as far as it is UTF-8; `data` are its bytes."""

    __slots__ = ("data",)
    data: bytes

    def __new__(cls, data: bytes) -> Self:
        """Make it of the bytes of the file."""
        made = super().__new__(cls, data, "utf-8", "replace")
        made.data = data
        return made


async def read_form(request: web.Request, *, stranger: bool) -> Mapping[str, str]:
    """Return the fields of the body; of fields that come twice, the last.

    A chosen file is a `FileText`. Raises HTTPRequestEntityTooLarge, HTTPRequestTimeout, HTTPBadRequest and
    HTTPUnsupportedMediaType. Nothing is written to disk, where it would outlive the request.
    """
    most = MOST_BYTES_OF_STRANGERS if stranger else MOST_BYTES
    if (request.content_length or 0) > most:
        raise web.HTTPRequestEntityTooLarge(most, request.content_length or 0)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            if request.content_type == "multipart/form-data" and not stranger:
                return await _parts(request, most)
            if request.content_type == "application/x-www-form-urlencoded":
                return _fields(await _body(request, most))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ValueError, AssertionError, HttpProcessingError, web.RequestPayloadError):
        raise web.HTTPBadRequest from None
    raise web.HTTPUnsupportedMediaType


async def _body(request: web.Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > most:
            raise web.HTTPRequestEntityTooLarge(most, len(body))
    return bytes(body)


def _fields(body: bytes) -> dict[str, str]:
    text = body.decode("ascii", "replace")
    return dict(parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS))


async def _parts(request: web.Request, most: int) -> dict[str, str]:
    """Read multipart/form-data (RFC 7578) part by part; parts within parts are refused."""
    fields: dict[str, str] = {}
    reader, size, number = await request.multipart(), 0, 0
    while (part := await reader.next()) is not None:
        number += 1
        if not isinstance(part, BodyPartReader) or number > MOST_FIELDS:
            raise web.HTTPBadRequest
        data = bytearray()
        while chunk := await part.read_chunk():
            data += chunk
            size += len(chunk)
            if size > most:
                raise web.HTTPRequestEntityTooLarge(most, size)
        if part.name:
            is_file = part.filename is not None
            fields[part.name] = FileText(bytes(data)) if is_file else data.decode("utf-8", "replace")
    return fields
