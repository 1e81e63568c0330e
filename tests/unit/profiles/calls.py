"""Valid calls in the shapes of two built-in profiles."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache

from hypothesis import strategies as st

from gateway.errors import BadPayload
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.profiles.model import Profile
from gateway.profiles.translate import Context, Translation, to_meeting

NATIVE = "generic/json"
UCM = "grandstream/ucm6300"
NOW_S = int(datetime(2024, 4, 22, 8, tzinfo=UTC).timestamp())


@cache
def profile(profile_id: str) -> Profile:
    return Catalog.load([builtin_folder()]).get(profile_id)


def read(
    profile_id: str,
    call: dict[str, object],
    *,
    external_id: str | None = None,
    device_zone: str | None = None,
    now_s: int = NOW_S,
    text_values: bool = False,
) -> Translation:
    context = Context(external_id=external_id, device_zone=device_zone, now_s=now_s, text_values=text_values)
    return to_meeting(profile(profile_id), call, context)


def problems(profile_id: str, call: dict[str, object], **context: object) -> dict[str, str]:
    """The reasons by field; empty when the call is accepted."""
    try:
        read(profile_id, call, **context)
    except BadPayload as bad:
        return {problem.field: problem.reason for problem in bad.problems}
    return {}


def native(**changes: object) -> dict[str, object]:
    return {
        "external_id": "7",
        "subject": "Weekly_Meeting",
        "start": "2024-04-29T10:00:00",
        "end": "2024-04-29T11:00:00",
        "time_zone": "(UTC+01:00) Etc/GMT-1",
        "host": {"extension": "1000", "email": "host@example.com"},
        "invitees": [{"extension": "1001"}, {"email": "bob@example.com", "name": "Bob"}],
        "host_password": "5021",
        "reminder_minutes": 60,
        "sync_to_calendar": True,
        **changes,
    }


def member(extension: str, **changes: object) -> dict[str, object]:
    return {
        "member_name": extension,
        "member_extension": extension,
        "email": "",
        "send_email": "no",
        "location": "local",
        "is_admin": "no",
        "state": "needsAction",
        **changes,
    }


def form(**changes: object) -> dict[str, object]:
    return {
        "bookid": "1714377600000",
        "confname": "Weekly_Meeting",
        "confno": "6300",
        "description": "",
        "starttime": "2024-04-29 10:00:00",
        "endtime": "2024-04-29 11:00:00",
        "recurringevent": "COMMON",
        "open_calendar": "yes",
        "pincode": "",
        "admin_pincode": "5021",
        "user_invite": "no",
        "con_admin": "1000",
        "members": json.dumps([member("1000", email="host@example.com", is_admin="yes"), member("1001")]),
        "timezone": "Etc/GMT-1",
        "email_reminder": 60,
        "call_participants": "no",
        "override_host_mute": "no",
        "auto_record": "none",
        **changes,
    }


def wave(**changes: object) -> dict[str, object]:
    return {
        "requestId": 1714377600000,
        "subject": "Weekly_Meeting",
        "hostCode": 5021,
        "agenda": "",
        "meetingType": 0,
        "autoCallInvite": 0,
        "allowParticipantsInvite": 0,
        "emailRemindTime": 60,
        "startTime": 1714381200000,
        "endTime": 1714384800000,
        "invitees": [
            {"memberExtension": "1000", "email": "host@example.com", "isHost": 1},
            {"memberExtension": "1001"},
        ],
        **changes,
    }


VALID = [(NATIVE, native()), (UCM, form()), (UCM, wave())]

_WORD = st.text("abcdefghijklmnopqrstuvwxyzäß中 .,-_#%&@*=0123456789", min_size=1, max_size=30)
LINE = _WORD.map(lambda text: " ".join(text.split())).filter(bool)
