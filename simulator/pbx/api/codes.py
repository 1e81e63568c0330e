"""The status codes of the UCM's HTTPS API that the simulated one uses, and the refusal that carries one."""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class Code(IntEnum):
    """`status` of a reply, as published by clients of the API."""

    OK = 0
    INVALID_PARAMETERS = -1
    NEED_AUTHENTICATION = -5
    COOKIE = -6
    TIMEOUT = -8
    ABNORMAL = -9
    INVALID_VALUE = -15
    NO_SUCH_ITEM = -16
    UNSUPPORTED = -19
    WRONG_ACCOUNT = -37
    ALREADY_ADDED = -44
    TOO_FREQUENT_15_S = -45
    NO_PERMISSION = -47
    SENSITIVE_CHARACTERS = -50
    TOO_FREQUENT_60_S = -57
    CONFIRM = -67
    LOGIN_RESTRICTED = -68
    CONFERENCE_GOING_ON = -69
    LOGIN_FORBIDDEN = -70
    CONFERENCE_BUSY = -90


class Refused(Exception):
    """The PBX does not do it; `why` is for the people who read the simulator's record, it does not go out."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = int(code)
        self.why = why


def refusal(code: int) -> dict[str, Any]:
    """The reply with a status other than 0; only -1 is known to carry a text."""
    response = {"error_msg": "Invalid parameters!"} if code == Code.INVALID_PARAMETERS else {}
    return {"response": response, "status": code}
