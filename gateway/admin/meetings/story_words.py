"""What happened to a meeting in words, and where its arrows go in the picture of calls; what happened is given."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gateway.admin.meetings import attempt_words
from gateway.messages.languages import tr
from gateway.messages.times import day_and_time
from gateway.operations.meetings.story import Party, Step

WIDTH = 720
_TOP, _STEP, _BOTTOM = 56, 44, 24
_AT = {"device": 150, "gateway": 400, "google": 650, "admin": 400}


class StepView(NamedTuple):
    """One line of the list: when, what, and what came of it. `at` is empty for what is still to come."""

    at: str
    machine: str
    words: str
    detail: str
    code: str
    failed: bool
    source: str
    target: str


class Arrow(NamedTuple):
    """One arrow of the picture, in its own units; `to_x` equals `from_x` for what happens in one place."""

    y: int
    from_x: int
    to_x: int
    label_x: int
    label: str
    at: str
    kind: str


class Ladder(NamedTuple):
    """The picture: its size, its three lines, its arrows."""

    width: int
    height: int
    parties: list[tuple[str, int]]
    arrows: list[Arrow]
    lines_to: int


def steps(story: tuple[Step, ...], zone: str) -> list[StepView]:
    """Return the story in words, on the clocks of a zone."""
    return [_step(each, zone) for each in story]


def ladder(story: tuple[Step, ...], zone: str, device: str) -> Ladder:
    """Return the picture of a story: device, gateway and Google from left to right, time from top to bottom."""
    arrows = []
    for number, each in enumerate(story):
        said = _step(each, zone)
        source, target = _AT[each.source], _AT[each.target]
        kind = "bad" if each.failed else "next" if each.at is None or each.action == "attempt.next" else "done"
        arrows.append(
            Arrow(
                y=_TOP + _STEP * (number + 1),
                from_x=source,
                to_x=target,
                label_x=(source + target) // 2,
                label=_label(each, said),
                at=said.at[11:],
                kind="note" if source == target else kind,
            )
        )
    height = _TOP + _STEP * (len(arrows) + 1) + _BOTTOM
    parties = [(_short(device, 24), 150), (tr("Gateway"), 400), ("Google", 650)]
    return Ladder(width=WIDTH, height=height, parties=parties, arrows=arrows, lines_to=height - _BOTTOM)


def party(which: Party) -> str:
    """Return the name of a party."""
    return {"device": tr("Device"), "gateway": tr("Gateway"), "google": "Google", "admin": tr("Administrator")}[which]


def part(name: str) -> str:
    """Return the name of a part of an event that people changed."""
    known = {
        "subject": tr("Subject"),
        "time": tr("Time"),
        "location": tr("Place"),
        "description": tr("Text"),
        "repeat": tr("Repeat"),
        "guests": tr("Guests"),
        "event": tr("The whole event"),
    }
    return known.get(name, name)


def parts(names: str) -> str:
    """Return the names of several parts, given with commas between them."""
    return ", ".join(part(each) for each in names.split(",") if each)


def answer(said: str) -> str:
    """Return what a guest answered, in words."""
    known = {
        "accepted": tr("accepted"),
        "declined": tr("declined"),
        "tentative": tr("maybe"),
        "needsAction": tr("no answer yet"),
    }
    return known.get(said, said)


def _step(each: Step, zone: str) -> StepView:
    at = machine = ""
    if each.at is not None:
        moment = datetime.fromtimestamp(each.at / 1000, ZoneInfo(zone))
        at, machine = day_and_time(moment, seconds=True), moment.isoformat(timespec="seconds")
    return StepView(
        at=at,
        machine=machine,
        words=_words(each),
        detail=_detail(each, zone),
        code=each.code if each.code[1:2] == "-" else "",
        failed=each.failed,
        source=party(each.source),
        target=party(each.target),
    )


def _label(each: Step, said: StepView) -> str:
    """Return what stands at an arrow; at a call also what came of it, in one word."""
    if each.call is None:
        return _short(said.words)
    return f"{_short(said.words)} - {said.code or each.call.status or tr('no answer')}"


def _detail(each: Step, zone: str) -> str:
    if each.attempt is not None:
        return attempt_words.outcome(each.attempt, each.call, each.code, zone)
    if each.action == "google.changed":
        return parts(each.detail)
    if each.action == "google.replied":
        return answer(each.detail)
    if each.action in ("google.written", "google.removed"):
        return tr("revision %(n)s", n=each.detail) if each.detail else ""
    return "" if each.action == "google.deleted" else each.detail


def _words(each: Step) -> str:
    who = each.who
    if each.call is not None:
        return attempt_words.tried(each.call)
    known = {
        "meeting.scheduled": tr("The device scheduled the meeting"),
        "meeting.changed": tr("The device changed the meeting"),
        "meeting.cancelled": tr("The device cancelled the meeting"),
        "occurrence.changed": tr("The device changed one occurrence"),
        "occurrence.cancelled": tr("The device cancelled one occurrence"),
        "meeting.asks": tr("The gateway asks whose version counts"),
        "meeting.decided": tr("%(who)s decided whose version counts", who=who),
        "meeting.sent_again": tr("%(who)s sent the meeting again", who=who),
        "meeting.cancel_asked": tr("%(who)s cancelled the meeting here", who=who),
        "meeting.password_shown": tr("%(who)s looked at a password", who=who),
        "meeting.adopted": tr("%(who)s took an event that was there already", who=who),
        "meeting.adoption_rejected": tr("%(who)s said that another event is not this meeting", who=who),
        "google.written": tr("Written to Google"),
        "google.removed": tr("Removed from Google"),
        "google.changed": tr("Changed in Google by %(who)s", who=who) if who else tr("Changed in Google"),
        "google.deleted": tr("Deleted in Google by %(who)s", who=who) if who else tr("Deleted in Google"),
        "google.replied": tr("%(who)s answered", who=who),
        "decision.asks": tr("Nothing is written until you decide"),
        "decision.google": tr("Google's version counts"),
        "decision.device": tr("The device's version was put back"),
        "told.edited": tr("The device was told of the change"),
        "told.deleted": tr("The device was told of the deletion"),
        "told.restored": tr("The device was told that all is as before"),
        "told.replied": tr("The device was told of an answer"),
        "told.conflict": tr("The device was told that two versions differ"),
        "told.meet": tr("The device was told the Meet link"),
        "attempt.failed": tr("The attempt did not work"),
        "attempt.unknown": tr("Tried to write to Google; it is not known how that ended"),
        "attempt.writing": tr("Is being written to Google"),
        "attempt.waits": tr("Waits"),
        "attempt.next": tr("Next try"),
    }
    return known.get(each.action, each.action)


def _short(text: str, most: int = 44) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}\u2026"
