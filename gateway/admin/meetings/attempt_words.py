"""The attempts to bring a meeting to Google in words: what was tried, and what came of it; what happened is given."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.domain.attempt import Attempt, Call
from gateway.messages.languages import tr
from gateway.messages.times import day_and_time, time_of_day


def tried(call: Call) -> str:
    """Return what a call was for, and whether it did that."""
    done = {
        "insert": tr("Created in Google"),
        "replace": tr("Updated in Google"),
        "delete": tr("Removed from Google"),
        "look": tr("Looked at the event in Google"),
        "look-calendar": tr("Looked whether the calendar is there"),
        "look-occurrence": tr("Looked at one occurrence in Google"),
        "replace-occurrence": tr("Updated one occurrence in Google"),
        "cancel-occurrence": tr("Removed one occurrence from Google"),
    }
    not_done = {
        "insert": tr("Tried to create the event in Google"),
        "replace": tr("Tried to update the event in Google"),
        "delete": tr("Tried to remove the event from Google"),
        "look": tr("Looked for the event in Google"),
        "look-occurrence": tr("Looked for one occurrence in Google"),
        "replace-occurrence": tr("Tried to update one occurrence in Google"),
        "cancel-occurrence": tr("Tried to remove one occurrence from Google"),
    }
    known = done if not call.code else {**done, **not_done}
    return known.get(call.operation, call.operation)


def outcome(attempt: Attempt, call: Call | None, code: str, zone: str) -> str:
    """Return what came of a call, or (None) of an attempt without one; the code itself is not in it."""
    parts = [_meaning(code)]
    if call is not None:
        parts += [tr("HTTP %(status)s", status=call.status) if call.status else tr("no answer")]
        parts += [tr("%(n)s ms", n=call.took_ms)]
    if call is None or call is attempt.calls[-1]:
        parts += [tr("attempt %(n)s", n=attempt.number) if attempt.number > 1 else ""]
        parts += [tr("next try %(time)s", time=_time(attempt, zone)) if attempt.next_at is not None else ""]
    return ", ".join(each for each in parts if each)


def _time(attempt: Attempt, zone: str) -> str:
    """Return when it is tried again: the time of day, with the day before it where that is another one."""
    began, then = (datetime.fromtimestamp(at / 1000, ZoneInfo(zone)) for at in (attempt.at, attempt.next_at or 0))
    return (time_of_day if began.date() == then.date() else day_and_time)(then, seconds=True)


def _meaning(code: str) -> str:
    """Return what a code without an entry in the catalogue means, empty for the others."""
    known = {
        "exists": tr("it was there already"),
        "changed": tr("somebody changed it meanwhile"),
        "gone": tr("it is not there"),
        "paced": tr("no more calls for the moment"),
        "second-look": tr("it is looked for once more"),
        "restless": tr("it changed faster than it could be written"),
        "internal": tr("the gateway failed, see the log"),
        "no-occurrence": tr("the series has no such occurrence there"),
        "not-restored": tr("a cancelled occurrence does not come back"),
        "unknown": tr("not known how it ended"),
    }
    return known.get(code, "" if code[1:2] == "-" else code)
