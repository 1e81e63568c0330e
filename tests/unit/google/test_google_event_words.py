"""Events in words that an administrator chose: the usual ones are as ever, and passwords keep their rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.device import DevicePolicy
from gateway.domain.meeting import Invitations, Invitee, Join, Meeting
from gateway.domain.reminders import Method, Reminder
from gateway.domain.target import EventContent
from gateway.domain.wording import IN_DESCRIPTIONS, Words
from gateway.google.event_json import LONGEST_REMINDER_MINUTES, event_body, expected_facts, title_and_text
from gateway.google.event_text import LONGEST_DESCRIPTION_BYTES
from gateway.mirror.event.lacks import Lacks
from gateway.mirror.event.wanted import Wanted
from tests.unit.google.test_google_event_json import HOST_PIN, PIN, REF, WEEKLY, content, validator

POLICY = DevicePolicy(name="UCM", calendar_id="primary", invitations=Invitations.DEVICE)
EVERYTHING = Words(
    title="{room}: {subject} ({organizer}, {device})",
    description="\n".join(f"{{{name}}}" for name in IN_DESCRIPTIONS),
)
names = st.text("abc äß<&>", min_size=1, max_size=12).filter(str.strip)
people = st.builds(
    Invitee,
    extension=st.none() | st.sampled_from(["1000", "1001"]),
    email=st.none() | st.sampled_from(["a@example.com", "b@example.com", "no address"]),
    name=names,
)


@st.composite
def contents(draw: st.DrawFn, most_agenda: int = 300) -> EventContent:
    """Any event that a device may ask for."""
    meeting = replace(
        WEEKLY,
        subject=draw(st.text(max_size=40)),
        agenda=draw(st.text(max_size=most_agenda)),
        host=draw(st.none() | people),
        invitees=tuple(draw(st.lists(people, max_size=6))),
        room=draw(st.none() | names),
        public_room=draw(st.booleans()),
        password=draw(st.none() | st.just(PIN)),
        call_participants=draw(st.booleans()),
        auto_record=draw(st.sampled_from(["none", "audio", "Video <x>"])),
    )
    join = Join(
        sip_uri=draw(st.sampled_from([None, "sip:6300@pbx.example.com", "nonsense"])),
        dial_in=draw(st.sampled_from([None, "+49 30 1234567,,6300#", "call me"])),
        web_link=draw(st.sampled_from([None, "https://meet.example/6300?a=1&b", "http://x"])),
    )
    return replace(
        content(meeting),
        join=join,
        show_pins=draw(st.booleans()),
        device_name=draw(names),
        without=frozenset(draw(st.sets(st.sampled_from(["a@example.com", "b@example.com"])))),
    )


@settings(max_examples=60, deadline=None)
@given(said=contents())
def test_the_usual_words_say_what_was_always_said_byte_for_byte(said: EventContent) -> None:
    before, now = event_body(REF, said), event_body(REF, replace(said, words=Words()))
    assert now == before


@settings(max_examples=25, deadline=None)
@given(
    said=contents(),
    letter=st.sampled_from(["x", "&", "ü", "<", "\U0001f600", "e\u0301", "\n"]),
    words=st.just(Words()) | st.just(EVERYTHING),
)
def test_whatever_the_words_and_the_meeting_the_event_fits(said: EventContent, letter: str, words: Words) -> None:
    long = replace(
        said.meeting, agenda=letter * 9000, invitees=(*said.meeting.invitees, *[Invitee(name="n" * 90)] * 60)
    )
    body: dict[str, Any] = event_body(REF, replace(said, meeting=long, words=words))
    assert len(body["description"].encode()) <= LONGEST_DESCRIPTION_BYTES
    assert 0 < len(body["summary"]) <= 255


def test_every_placeholder_has_its_value_and_all_of_it_is_escaped() -> None:
    meeting = replace(WEEKLY, subject="A <b>", agenda="1 & 2", room="63", auto_record="audio")
    join = Join(sip_uri="sip:63@pbx", dial_in="+49 89 1", web_link="https://a.b/63")
    words = Words(
        title="{room}: {subject} on {device}",
        description="<i>\n{sip}|{dial_in}|{web_link}\n{agenda}\n{room}\n{details}",
    )
    body = event_body(REF, replace(content(meeting), join=join, words=words))
    validator().validate(body)
    assert body["summary"] == f"63: A <b> on {content().device_name}"
    assert str(body["description"]).startswith(
        "&lt;i&gt;\nsip:63@pbx|+49 89 1|https://a.b/63\n1 &amp; 2\n63\nMeeting room: 63"
    )
    shown = title_and_text(replace(content(meeting), join=join, words=words))
    assert shown[1].startswith("<i>\n")
    unsafe = Join(sip_uri="javascript:x", web_link="http://a.b/")
    told = str(event_body(REF, replace(content(meeting), join=unsafe, words=words))["description"])
    assert "javascript" not in told
    assert "http://a.b" not in told


@pytest.mark.parametrize("text", ["{pin}", "{join}", "Welcome\n{pin}\n\n{agenda}"])
def test_a_password_stands_only_where_it_may_and_is_never_part_of_what_is_stored(text: str) -> None:
    words = Words(title="{subject}", description=text + "\nend")
    hidden = replace(content(), words=words)
    assert PIN not in str(event_body(REF, hidden))
    shown = replace(hidden, show_pins=True)
    assert f"PIN: {PIN}" in str(event_body(REF, shown)["description"]).split("\n")
    assert HOST_PIN not in str(event_body(REF, shown))
    assert expected_facts(shown) == expected_facts(replace(shown, meeting=replace(WEEKLY, password="other")))


def test_a_title_is_never_empty() -> None:
    nothing = replace(WEEKLY, room=None, subject="Review")
    assert event_body(REF, replace(content(nothing), words=Words(title="{room}")))["summary"] == "Review"
    assert (
        event_body(REF, replace(content(replace(nothing, subject="\u200b")), words=Words(title="{room}")))["summary"]
        == "Meeting"
    )


def test_what_the_device_says_about_reminders_is_stronger() -> None:
    usual = (Reminder(0, Method.POPUP), Reminder(LONGEST_REMINDER_MINUTES, Method.EMAIL))
    unsaid = replace(content(replace(WEEKLY, reminder_minutes=None)), reminders=usual)
    body = event_body(REF, unsaid)
    validator().validate(body)
    said = [{"method": "popup", "minutes": 0}, {"method": "email", "minutes": 40_320}]
    assert body["reminders"] == {"useDefault": False, "overrides": said}
    assert event_body(REF, replace(unsaid, reminders=()))["reminders"] == {"useDefault": False, "overrides": []}
    assert event_body(REF, replace(unsaid, reminders=None))["reminders"] == {"useDefault": True}
    own = replace(content(replace(WEEKLY, reminder_minutes=15)), reminders=usual)
    assert event_body(REF, own) == event_body(REF, replace(own, reminders=None))


def fingerprint(meeting: Meeting = WEEKLY, **own: Any) -> str:
    wanted = Wanted(meeting=meeting, fingerprint="f", policy=replace(POLICY, **own))
    return wanted.content(Lacks(revision=1)).fingerprint


def test_a_fingerprint_names_words_and_reminders_only_where_they_change_something() -> None:
    words, reminders = Words(title="{room}"), (Reminder(5, Method.POPUP),)
    unsaid = replace(WEEKLY, reminder_minutes=None)
    assert fingerprint() == "1.device.f"
    assert fingerprint(words=words) == f"1.device.f.{words.mark}"
    assert fingerprint(replace(WEEKLY, reminder_minutes=5), reminders=reminders) == "1.device.f"
    every = {
        fingerprint(unsaid, reminders=each) for each in (None, (), reminders, (*reminders, Reminder(6, Method.EMAIL)))
    }
    assert len(every) == 4


def test_an_event_is_judged_by_the_words_and_the_rule_that_it_was_made_from() -> None:
    old, new = Words(title="{room} {subject}"), Words(title="{device}: {subject}", description="{join}\n{agenda}")
    join = Join(sip_uri="sip:{room}@pbx")
    known = {old.mark: old}

    def judged(written_with: DevicePolicy, now: DevicePolicy) -> Wanted:
        before = Wanted(meeting=WEEKLY, fingerprint="f", policy=written_with).content(Lacks(revision=1)).fingerprint
        return Wanted(meeting=WEEKLY, fingerprint="f", policy=now).as_written(before, known.get)

    for words in (None, old):
        for pins in (False, True):
            for ways in (Join(), join):
                then = replace(POLICY, words=words, show_pins=pins, join=ways)
                for now in (then, replace(then, words=new), replace(then, show_pins=not pins, words=new)):
                    assert judged(then, now).policy == then
    unknown = replace(POLICY, words=Words(title="{organizer}"))
    assert judged(unknown, replace(POLICY, words=new)).policy.words == new
    wanted = Wanted(meeting=WEEKLY, fingerprint="f", policy=replace(POLICY, words=new))
    for strange in (None, "", "nothing", "put back", "1.device"):
        assert wanted.as_written(strange, known.get) is wanted
