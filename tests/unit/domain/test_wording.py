"""Title and description with placeholders: what is read, what is refused and where, what is left out when filled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.reminders import Method, Reminder, ReminderFault, read_reminders, said_reminders
from gateway.domain.wording import (
    IN_DESCRIPTIONS,
    IN_TITLES,
    LONGEST_DESCRIPTION,
    LONGEST_TITLE,
    Mistake,
    WordingFault,
    Words,
    filled_description,
    filled_title,
    parse_description,
    parse_title,
    words_of,
)

SAID = {name: "" for name in IN_DESCRIPTIONS} | {
    "subject": "Review",
    "room": "6300",
    "device": "UCM",
    "organizer": "Anna",
}


@pytest.mark.parametrize(
    ("title", "without", "said"),
    [
        ("{subject}", "", "Review"),
        ("{room}: {subject}", "", "6300: Review"),
        ("{room}: {subject}", "room", "Review"),
        ("{subject} ({room})", "room", "Review"),
        ("{subject} ({room}) {device}", "room", "Review UCM"),
        ("{subject} - {room} - {device}", "room", "Review - UCM"),
        ("[PBX] {subject}!", "", "[PBX] Review!"),
        ("{room} | {subject}", "subject", "6300"),
        ("{subject}", "subject", ""),
    ],
)
def test_signs_around_an_empty_placeholder_go_with_it(title: str, without: str, said: str) -> None:
    words = words_of(title, "{agenda}")
    assert words is not None
    assert filled_title(words, SAID | {without: ""}) == said


def test_a_line_of_empty_placeholders_is_left_out_with_the_space_around_it() -> None:
    words = Words(description="{agenda}\n\n{join}\n\n\nRoom {room}\nHost: {organizer}")
    assert filled_description(words, SAID) == "Room 6300\nHost: Anna"
    assert filled_description(words, SAID | {"organizer": "", "agenda": "One\n\nTwo"}) == "One\n\nTwo\n\nRoom 6300"
    assert filled_description(words, dict.fromkeys(SAID, "")) == ""
    fixed = Words(description="Welcome.\n\nCall {dial_in} or {web_link}\n\nGoodbye.")
    assert filled_description(fixed, SAID) == "Welcome.\n\nGoodbye."
    assert filled_description(fixed, SAID | {"dial_in": "+49"}) == "Welcome.\n\nCall +49 or\n\nGoodbye."


@pytest.mark.parametrize(
    ("text", "mistake", "name", "line"),
    [
        ("{agenda}\n{subjct}", Mistake.UNKNOWN, "subjct", 2),
        ("{Agenda}", Mistake.UNKNOWN, "Agenda", 1),
        ("{}", Mistake.UNKNOWN, "", 1),
        ("{agenda!r}", Mistake.UNKNOWN, "agenda!r", 1),
        ("{agenda", Mistake.BRACE, "", 1),
        ("a\nb }", Mistake.BRACE, "", 2),
        ("{{agenda}}", Mistake.BRACE, "", 1),
        ("Code {pin}", Mistake.ALONE, "pin", 1),
        ("{room}\n{join} or call", Mistake.ALONE, "join", 2),
        ("{pin}{pin}", Mistake.ALONE, "pin", 1),
        ("x" * (LONGEST_DESCRIPTION + 1), Mistake.LONG, str(LONGEST_DESCRIPTION), 0),
        ("x\n" * 101, Mistake.LINES, "100", 0),
        (" \n\n ", Mistake.EMPTY, "agenda", 0),
        ("a\x00b", Mistake.SIGNS, "", 1),
        ("a\u202eb", Mistake.SIGNS, "", 1),
    ],
)
def test_a_description_that_cannot_be_used_says_where(text: str, mistake: Mistake, name: str, line: int) -> None:
    with pytest.raises(WordingFault) as caught:
        parse_description(text + ("y" if mistake is Mistake.LINES else ""))
    assert (caught.value.mistake, caught.value.name, caught.value.line) == (mistake, name, line)


@pytest.mark.parametrize(
    "text", ["{pin}", "{agenda}", "{join}", "Meeting", "", "a\n{subject}", "{subject}" + "x" * LONGEST_TITLE]
)
def test_a_title_has_no_password_no_second_line_and_never_nothing(text: str) -> None:
    with pytest.raises(WordingFault):
        parse_title(text)


@given(st.text(st.sampled_from("{}ab \n") | st.characters(), max_size=60))
def test_any_text_is_read_or_refused_and_what_is_read_can_be_filled(text: str) -> None:
    try:
        words = words_of("{subject}", text)
    except WordingFault:
        return
    assert words is not None
    filled = filled_description(words, dict.fromkeys(IN_DESCRIPTIONS, "value"))
    assert filled == filled.strip("\n")
    assert words_of(words.title, words.description) == words


def test_the_usual_words_are_no_words_and_equal_words_have_one_mark() -> None:
    usual = Words()
    assert words_of(usual.title, usual.description) is None
    assert words_of(f" {usual.title} ", usual.description.replace("\n", " \r\n") + "\r\n") is None
    made = {
        words_of("{subject}", text) for text in ("{agenda}\n{room}", "{agenda}\r\n{room}\r\n", " {agenda} \n{room}")
    }
    assert len(made) == 1
    marks = {Words(title=title, description=text).mark for title in ("{subject}", "{room}") for text in ("a", "b")}
    assert len(marks) == 4
    assert all(mark.startswith("t") and "." not in mark for mark in marks)
    assert set(IN_TITLES) < set(IN_DESCRIPTIONS)


@pytest.mark.parametrize("text", ["calendar", "none", "0 popup", "10 popup, 60 email", "40320 email"])
def test_reminders_are_read_and_said_alike(text: str) -> None:
    assert said_reminders(read_reminders(text)) == text


def test_reminders_have_the_calendars_limits() -> None:
    assert read_reminders("60 email,10 popup, 60  EMAIL") == (Reminder(10, Method.POPUP), Reminder(60, Method.EMAIL))
    for text, limit in (
        ("40321 popup", "minutes"),
        ("999999999 popup", "minutes"),
        ("1 popup, 2 popup, 3 popup, 4 popup, 5 popup, 6 popup", "most"),
        *((each, "") for each in ("", "10", "10 fax", "-1 popup", "popup 10", "1.5 popup", "9" * 5000 + " popup")),
    ):
        with pytest.raises(ReminderFault) as caught:
            read_reminders(text)
        assert caught.value.limit == limit, text
