"""Why a connection could not be had, in words for people; what is done about it is not decided here."""

from __future__ import annotations

import os


def reason(error: BaseException) -> str:
    """Return it without a name of Python's: `the connection was refused: nothing listens there`."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused: nothing listens there"
    if isinstance(error, ConnectionError):
        return "the connection was ended from the other side"
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        words = os.strerror(error.errno)
        return words[:1].lower() + words[1:]
    return "the connection broke"
