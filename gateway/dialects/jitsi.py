"""The words of Jitsi's reservation API, bytes to a reservation and back; whether a room is free is not known here.

Source: Jitsi handbook, "Reservation System setup"; Prosody's module `reservations` and Jicofo both make these calls.
"""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple
from urllib.parse import quote

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
ID_RANGE = 10**13
"""Ids stay below: Jicofo reads them as a whole number, and Prosody's Lua writes numbers of 14 digits exactly."""


class Reservation(NamedTuple):
    """What Jitsi is told of a reservation; times are seconds since 1970."""

    id: str
    name: str
    mail_owner: str
    start_utc_s: int
    end_utc_s: int


def number(name: str, start_utc_s: int, attempt: int = 0) -> str:
    """The id of the reservation of room `name` (in any case) at that start; `attempt` gives another one.

    The same call made again has the same id, so that a call that Prosody repeats reserves nothing twice.
    """
    said = f"{name.casefold()}\n{start_utc_s}\n{attempt}".encode("utf-8", "replace")
    return str(int.from_bytes(hashlib.blake2b(said, digest_size=8).digest()) % ID_RANGE)


def answer(reservation: Reservation, start_text: str) -> bytes:
    """The body that says a room is reserved; `start_text` is the start as `2048-04-20T17:55:12.000Z`."""
    return _ENCODER.encode(
        {
            "id": _id(reservation.id),
            "name": reservation.name,
            "mail_owner": reservation.mail_owner,
            "start_time": start_text,
            "duration": reservation.end_utc_s - reservation.start_utc_s,
        }
    ).encode()


def conflict(reservation_id: str) -> bytes:
    """The body of a 409: under which id to read the reservation that is there already."""
    return _ENCODER.encode({"conflict_id": _id(reservation_id)}).encode()


def refusal(text: str) -> bytes:
    """The body of every other refusal; Jitsi shows the text to whoever opened the room."""
    return _ENCODER.encode({"message": text}).encode("utf-8", "replace")


def _id(text: str) -> int | str:
    """An id as Jitsi takes it: our own as a number, any other text so that it can stand in an address.

    Prosody puts what it was given into the address of the next call without encoding it.
    """
    if text.isascii() and text.isdigit() and len(text) <= len(str(ID_RANGE)) and str(int(text)) == text:
        return int(text)
    return quote(text, safe="")
