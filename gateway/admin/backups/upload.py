"""Takes the file of a backup from a browser piece by piece onto the disk; who may send one, and why, is told by others.

Forms are otherwise small and read as a whole before anybody looks at them. Here nothing of the file is kept before its
sender is known, so the fields stand before the file.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from gateway.operations.backup.backup import LEAST_FREE_BYTES
from gateway.operations.backup.file import free_bytes, short_of_space

MOST_BYTES = 4 * 1024**3
IDLE_S = 60.0
FILE = "file"
_MOST_FIELD_BYTES = 4096
_MOST_FIELDS = 12
_CHUNK = 256 * 1024
_MOST_DRAINED = 256 * 1024 * 1024
"""What is read, and thrown away, of a file that is not wanted: so that a browser gets to see why it is not."""
_LOOK_FOR_ROOM_EVERY = 16 * 1024 * 1024

_T = TypeVar("_T")
Allowed = Callable[[Mapping[str, str]], Awaitable[None]]


@dataclass(slots=True)
class Received:
    """What was sent: the fields, and the file as a path of ours, None when none was chosen."""

    fields: dict[str, str] = field(default_factory=dict)
    file: Path | None = None


async def receive(request: web.Request, folder: Path, allowed: Allowed) -> Received:
    """Read a form with a file into `folder`; who calls this removes the file in the end.

    `allowed` is asked with the fields once they are there, before anything is kept, and says no by raising; what it
    raises is raised here when the rest was read. Raises CatalogueError C-08, and HTTP errors for what is no such form.
    """
    if request.content_type != "multipart/form-data":
        raise web.HTTPUnsupportedMediaType
    received, asked = Received(), False
    try:
        reader = await request.multipart()
        while (found := await _within(reader.next())) is not None:
            part = _plain(found, received)
            if part.name != FILE:
                received.fields[part.name or ""] = await _text(part)
                continue
            if not asked:
                await _ask(allowed, received.fields, part)
                asked = True
            if part.filename and received.file is None:
                received.file = await _keep(part, folder)
        if not asked:
            await allowed(received.fields)
    except (ValueError, AssertionError, HttpProcessingError, web.RequestPayloadError):
        remove(received)
        raise web.HTTPBadRequest from None
    except BaseException:
        remove(received)
        raise
    return received


def _plain(part: object, received: Received) -> BodyPartReader:
    """Return the part; parts within parts, and too many, are refused."""
    if not isinstance(part, BodyPartReader) or len(received.fields) > _MOST_FIELDS:
        raise web.HTTPBadRequest
    return part


def remove(received: Received) -> None:
    """Remove the file that was kept."""
    if received.file is not None:
        received.file.unlink(missing_ok=True)


async def _ask(allowed: Allowed, fields: Mapping[str, str], part: BodyPartReader) -> None:
    try:
        await allowed(fields)
    except Exception:
        left = _MOST_DRAINED
        while left > 0 and (chunk := await _within(part.read_chunk(_CHUNK))):
            left -= len(chunk)
        raise


async def _text(part: BodyPartReader) -> str:
    data = bytearray()
    while chunk := await _within(part.read_chunk()):
        data += chunk
        if len(data) > _MOST_FIELD_BYTES:
            raise web.HTTPRequestEntityTooLarge(_MOST_FIELD_BYTES, len(data))
    return data.decode("utf-8", "replace")


async def _keep(part: BodyPartReader, folder: Path) -> Path:
    path = folder / f".upload-{secrets.token_hex(8)}.new"
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    size, room_until = 0, 0
    try:
        with os.fdopen(handle, "wb") as out:
            while chunk := await _within(part.read_chunk(_CHUNK)):
                size += len(chunk)
                if size > room_until:
                    _check_room(folder, size)
                    room_until = size + _LOOK_FOR_ROOM_EVERY
                await asyncio.to_thread(out.write, chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _check_room(folder: Path, size: int) -> None:
    if size > MOST_BYTES:
        raise web.HTTPRequestEntityTooLarge(MOST_BYTES, size)
    free = free_bytes(folder)
    if free < LEAST_FREE_BYTES + _LOOK_FOR_ROOM_EVERY:
        raise short_of_space(free, LEAST_FREE_BYTES + size)


async def _within(work: Awaitable[_T]) -> _T:
    """Wait for the next piece, but not for ever."""
    try:
        async with asyncio.timeout(IDLE_S):
            return await work
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
