"""Organizer, attendees and ways to join, in the words of the profile; whom to invite is not decided here."""

from __future__ import annotations

import re
from urllib.parse import unquote

from gateway.dialects.itip_lines import Component, Property
from gateway.dialects.itip_times import problem

MOST_ATTENDEES = 300
_LONGEST_EXTENSION = 64
_JOIN = {"sip": "CONFERENCE-SIP", "sips": "CONFERENCE-SIP", "tel": "CONFERENCE-TEL", "https": "CONFERENCE-WEB"}
_NUMBER_PUNCTUATION = re.compile(r"[()\s.-]")


def read_people(event: Component, fields: dict[str, object]) -> None:
    """Put ORGANIZER and ATTENDEE into `fields`: an address by its `mailto:`, an extension by its `sip:` or `tel:`."""
    organizer = event.one("ORGANIZER")
    host = None if organizer is None else _person(organizer)
    if host:
        fields["ORGANIZER"] = host
    if len(event.lines.get("ATTENDEE", ())) > MOST_ATTENDEES:
        raise problem("ATTENDEE", f"is there more than {MOST_ATTENDEES} times")
    people = [person for prop in event.all("ATTENDEE") if (person := _person(prop))]
    guests = [person for person in people if host is None or not _is_same(person, host)]
    if guests:
        fields["ATTENDEE"] = guests


def read_join(event: Component, fields: dict[str, object]) -> None:
    """Put the first CONFERENCE (RFC 7986, section 5.11) of each kind into `fields`, else an https URL."""
    for prop in event.all("CONFERENCE"):
        uri = prop.value.strip()
        scheme, colon, rest = uri.partition(":")
        name = _JOIN.get(scheme.lower())
        if colon and rest and name is not None:
            fields.setdefault(name, rest if scheme.lower() == "tel" else uri)
    url = event.one("URL")
    if url is not None and url.value.strip().lower().startswith("https:"):
        fields.setdefault("CONFERENCE-WEB", url.value.strip())


def _person(prop: Property) -> dict[str, object]:
    """The parts of one CAL-ADDRESS; empty when it says nothing."""
    scheme, colon, rest = prop.value.strip().partition(":")
    scheme = scheme.lower() if colon else ""
    rest = rest if colon else prop.value.strip()
    person: dict[str, object] = {}
    said = unquote(prop.params.get("EMAIL", "")).strip()
    if scheme == "mailto" or (not scheme and "@" in rest):
        person["email"] = unquote(rest.partition("?")[0]).strip()
    else:
        extension = _extension(scheme, rest)
        if extension:
            person["extension"] = extension
        if said:
            person["email"] = said.removeprefix("mailto:")
    if person and (name := prop.params.get("CN", "").strip()):
        person["name"] = name
    return {key: value for key, value in person.items() if value}


def _extension(scheme: str, rest: str) -> str:
    """The user of `sip:1001@pbx;transport=tcp`, the digits of `tel:+1-555-0100`; else the address as it stands."""
    text = unquote(rest)
    if scheme in ("sip", "sips"):
        text = text.partition("@")[0].partition(";")[0].partition(":")[0]
    elif scheme == "tel":
        text = _NUMBER_PUNCTUATION.sub("", text.partition(";")[0])
    return "".join(letter for letter in text if letter.isprintable()).strip()[:_LONGEST_EXTENSION]


def _is_same(person: dict[str, object], host: dict[str, object]) -> bool:
    """Whether an attendee is the organizer once more."""
    return any(
        key in host and str(person.get(key, "")).casefold() == str(host[key]).casefold()
        for key in ("email", "extension")
    )
