"""Valid calls in every shape of the built-in profiles, and meetings those shapes can express."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache

from hypothesis import strategies as st

from gateway.domain.meeting import Frequency, Invitee, Meeting, Repeat, Weekday
from gateway.domain.zones import to_local, to_utc_s
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

ZONES = ["Etc/GMT-1", "Etc/GMT+5", "UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]
_WORD = st.text("abcdefghijklmnopqrstuvwxyzäß中 .,-_#%&@*=0123456789", min_size=1, max_size=30)
LINE = _WORD.map(lambda text: " ".join(text.split())).filter(bool)
PIN = st.none() | st.text("0123456789", min_size=4, max_size=10)
_NAME = st.none() | LINE.map(lambda text: f"Name {text}")


@st.composite
def people(draw: st.DrawFn, *, named: bool, most: int = 5) -> list[Invitee]:
    """People no two of whom share an extension or an address."""
    numbers = draw(st.lists(st.integers(1000, 1099), unique=True, max_size=most))
    found = []
    for number in numbers:
        has_extension, has_email = draw(st.sampled_from([(True, True), (True, False), (False, True)]))
        found.append(
            Invitee(
                extension=str(number) if has_extension else None,
                email=f"u{number}@example.com" if has_email else None,
                name=draw(_NAME) if named else None,
            )
        )
    return found


@st.composite
def meetings(draw: st.DrawFn, shape: str) -> Meeting:
    """A meeting that `shape` has words for, as it is after it was read from such a call."""
    zone = "Europe/Paris" if shape == "wave" else draw(st.sampled_from(ZONES))
    step = 1 if shape != "form" else 60
    utc_s = draw(st.integers(NOW_S - 300 * 86_400, NOW_S + 1700 * 86_400)) // step * step
    end_s = utc_s + draw(st.integers(60, 14 * 86_400))
    if shape == "form":
        utc_s, end_s = (to_utc_s(to_local(moment, zone), zone)[0] for moment in (utc_s, end_s))
    end_s = max(end_s, utc_s + 60)
    everybody = draw(people(named=shape != "wave"))
    has_host = bool(everybody) and draw(st.booleans())
    host = everybody.pop(0) if has_host else None
    vendor = shape != "meeting"
    agenda = draw(st.just("") | st.lists(LINE, min_size=1, max_size=3).map("\n".join))
    room = draw(st.none() | st.integers(6000, 6999).map(str))
    return Meeting(
        external_id=draw(LINE),
        subject=draw(LINE),
        start_local=to_local(utc_s, zone),
        end_local=to_local(end_s, zone),
        zone=zone,
        start_utc_s=utc_s,
        end_utc_s=end_s,
        zone_text=None if shape == "wave" else zone,
        repeat=draw(_repeats(shape, utc_s)),
        agenda=agenda,
        host=host,
        invitees=tuple(everybody),
        room=room,
        public_room=draw(st.booleans()) and (shape != "wave" or room is not None),
        password=draw(PIN),
        host_password=draw(PIN),
        reminder_minutes=draw(st.none() | st.integers(1 if vendor else 0, 1440)),
        allow_user_invite=draw(st.booleans()),
        call_participants=draw(st.booleans()),
        override_host_mute=shape != "wave" and draw(st.booleans()),
        auto_record="none" if shape == "wave" else draw(st.sampled_from(["none", "audio", "video"])),
        sync_to_calendar=shape == "wave" or draw(st.booleans()),
        sequence=None if vendor else draw(st.none() | st.integers(0, 2**31 - 1)),
    )


def _repeats(shape: str, utc_s: int) -> st.SearchStrategy[Repeat | None]:
    if shape == "wave":
        known = [Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY]
        return st.none() | st.sampled_from([Repeat(frequency=frequency) for frequency in known])
    if shape == "form":
        days = [Repeat(frequency=Frequency.WEEKLY, weekdays=(day,)) for day in Weekday]
        return st.none() | st.sampled_from([Repeat(frequency=Frequency.DAILY), *days])
    ends = st.fixed_dictionaries({"count": st.integers(1, 730)}) | st.fixed_dictionaries(
        {"until_utc_s": st.integers(utc_s, utc_s + 1826 * 86_400)}
    )
    plain = st.builds(
        lambda frequency, interval, end: Repeat(frequency=frequency, interval=interval, **end),
        st.sampled_from(Frequency),
        st.integers(1, 99),
        st.just({}) | ends,
    )
    weekly = st.lists(st.sampled_from(Weekday), unique=True, min_size=1).map(
        lambda days: Repeat(frequency=Frequency.WEEKLY, weekdays=tuple(days))
    )
    return st.none() | plain | weekly
