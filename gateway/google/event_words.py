"""Title and description of an event in the words that an administrator chose; the usual ones are made elsewhere.

Every text is escaped as a whole, that of the administrator too: what looks like HTML is shown as it was typed.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.target import EventContent
from gateway.domain.wording import Words, filled_description, filled_title
from gateway.google.event_text import (
    LONGEST_DESCRIPTION_BYTES,
    cut,
    escaped,
    listed_person,
    one_line,
    paragraphs,
    said_facts,
    size_of,
)
from gateway.google.join_text import is_link, is_number, is_sip, join_lines

LONGEST_TITLE = 255

_CUT_FIRST = ("agenda", "invitees", "left_out", "details")


def title_in_words(content: EventContent, words: Words) -> str:
    """Return the title, which is never empty."""
    title = one_line(filled_title(words, _common(content)), LONGEST_TITLE)
    return title or one_line(content.meeting.subject, LONGEST_TITLE) or "Meeting"


def description_in_words(content: EventContent, words: Words, left_out: list[str]) -> str:
    """Return the description, at most 8 KiB: of what does not fit the agenda is cut first, then the list of people."""
    values = _values(content, left_out)
    text = escaped(filled_description(words, values))
    for name in _CUT_FIRST:
        if size_of(text) <= LONGEST_DESCRIPTION_BYTES:
            return text
        text = _shortened(words, values, name)
    return cut(text, LONGEST_DESCRIPTION_BYTES)


def _shortened(words: Words, values: dict[str, str], name: str) -> str:
    """Cut one value, wherever it stands, until all fits or nothing is left of it; what is left stays in `values`.

    A text gets longer where it is escaped, and the same text may stand in several places, so that its length is looked
    for by halves.
    """
    whole, low, high = values[name], 0, len(values[name])
    while low < high:
        middle = (low + high + 1) // 2
        values[name] = _first(whole, middle)
        if size_of(escaped(filled_description(words, values))) <= LONGEST_DESCRIPTION_BYTES:
            low = middle
        else:
            high = middle - 1
    values[name] = _first(whole, low)
    return escaped(filled_description(words, values))


def _first(text: str, most: int) -> str:
    """Return the first characters of a text, and a sign that there was more."""
    return text if most >= len(text) else cut(text, size_of(text[:most]))


def _common(content: EventContent) -> dict[str, str]:
    meeting = content.meeting
    return {
        "subject": one_line(meeting.subject, LONGEST_TITLE),
        "organizer": "" if meeting.host is None else listed_person(meeting.host),
        "room": one_line(meeting.room or "", 200),
        "device": one_line(content.device_name, 100),
    }


def _values(content: EventContent, left_out: list[str]) -> dict[str, str]:
    meeting, join = content.meeting, content.join
    pin = meeting.password if content.show_pins else None
    usable: Mapping[str, bool] = {
        "sip": bool(join.sip_uri) and is_sip(join.sip_uri or ""),
        "dial_in": bool(join.dial_in) and is_number(join.dial_in or ""),
        "web_link": bool(join.web_link) and is_link(join.web_link or ""),
    }
    ways = {"sip": join.sip_uri, "dial_in": join.dial_in, "web_link": join.web_link}
    return {
        **_common(content),
        **{name: (ways[name] or "") if fine else "" for name, fine in usable.items()},
        "agenda": paragraphs(meeting.agenda),
        "join": "\n".join(join_lines(join, pin)),
        "pin": f"PIN: {one_line(pin, 64)}" if pin else "",
        "invitees": ", ".join(listed_person(person) for person in meeting.invitees),
        "left_out": ", ".join(left_out),
        "details": "\n".join(said_facts(meeting)),
    }
