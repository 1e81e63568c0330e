"""What the fields of a device's form are called, and what was typed into them as settings; nothing is stored here."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from gateway.config import DeviceSection
from gateway.domain.secret import Secret
from gateway.messages.languages import tr

ADDED = ("poll.address", "poll.port", "poll.user", "poll.password", "poll.every_s", "poll.fingerprint")
"""The fields of a device that is asked."""
TEXTS = (
    "name",
    "model",
    "time_zone",
    "account",
    "calendar",
    "room_address",
    "email_domain",
    "join.sip_uri",
    "join.dial_in",
    "join.web_link",
)
CHOICES = ("invitations", "wins", "conflict", "transparency", "visibility", "show_pins")
TICKS = ("meet",)
_NUMBERS = frozenset({"poll.port", "poll.every_s"})


def labels() -> dict[str, str]:
    """Return what each setting is called on the pages."""
    return {
        "id": tr("Name in addresses"),
        "profile": tr("Type"),
        "name": tr("Name"),
        "model": tr("Model"),
        "time_zone": tr("Time zone"),
        "account": tr("Google account"),
        "calendar": tr("Calendar"),
        "room_address": tr("Address of the room in Google"),
        "email_domain": tr("E-mail domain of the extensions"),
        "invitations": tr("Who invites the guests"),
        "wins": tr("Who wins when people change the event"),
        "conflict": tr("When the time is taken"),
        "transparency": tr("Show the time as"),
        "visibility": tr("Who may read the event"),
        "meet": tr("Google Meet"),
        "show_pins": tr("Passwords in the invitation"),
        "join.sip_uri": tr("Join by SIP"),
        "join.dial_in": tr("Join by telephone"),
        "join.web_link": tr("Join in a browser"),
        "poll.address": tr("Address"),
        "poll.port": tr("Port"),
        "poll.user": tr("API user"),
        "poll.password": tr("API password"),
        "poll.every_s": tr("Ask every"),
        "poll.fingerprint": tr("Certificate to trust"),
    }


def options() -> dict[str, list[tuple[str, str]]]:
    """Return what can be chosen in each field that has choices: value and text."""
    return {
        "invitations": [
            ("", tr("As set for all devices")),
            ("device", tr("The device does; Google sends no mail")),
            ("google", tr("Google sends the invitations")),
            ("off", tr("Nobody: guests are not written into the event")),
        ],
        "wins": [
            ("device", tr("The device: the event is put back")),
            ("google", tr("Google: the change is kept")),
            ("ask", tr("Ask me each time")),
        ],
        "conflict": [
            ("allow", tr("Accept the meeting")),
            ("warn", tr("Accept it and warn the device")),
            ("refuse", tr("Refuse the meeting")),
        ],
        "transparency": [("opaque", tr("Busy")), ("transparent", tr("Free"))],
        "visibility": [
            ("", tr("As set for all devices")),
            ("default", tr("As the calendar is set")),
            ("public", tr("Everybody who sees the calendar")),
            ("private", tr("Only guests and owners of the calendar")),
        ],
        "show_pins": [
            ("", tr("As set for all devices")),
            ("no", tr("Left out")),
            ("yes", tr("Written into the invitation")),
        ],
    }


@functools.cache
def zones() -> tuple[str, ...]:
    """Return the time zones that have a region, by name, and UTC."""
    return ("UTC", *sorted(each for each in available_timezones() if "/" in each and not each.startswith("Etc/")))


def standing(section: DeviceSection) -> dict[str, str]:
    """Return what a form shows of a device's settings; its password is not among them."""
    shown = {name: _text(_value(section, name)) for name in (*TEXTS, *CHOICES, *TICKS, *ADDED)}
    shown["poll.password"] = ""
    shown["show_pins"] = {None: "", False: "no", True: "yes"}[section.show_pins]
    return shown | {"profile": section.profile}


def changed_words(section: DeviceSection | None, typed: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return what was typed that differs from `section`: settings as `Roster.change` takes them, and those to unset.

    A password that is left empty stays. Fields that were not sent stay as well.
    """
    words: dict[str, Any] = {}
    unset: list[str] = []
    before = standing(section) if section is not None else {}
    for name, value in typed.items():
        text = value.strip()
        if text == before.get(name, ""):
            continue
        if name == "poll.password":
            words.setdefault("poll", {})["password"] = Secret(value)
        elif text == "":
            unset.append(name)
        else:
            _put(words, name, text)
    return words, unset


def _put(words: dict[str, Any], name: str, text: str) -> None:
    value: object = text
    if name in TICKS or name == "show_pins":
        value = text == "yes"
    elif name in _NUMBERS and text.isascii() and text.isdigit():
        value = int(text)
    elif name == "poll.fingerprint":
        value = text.replace(":", "").lower()
    part, dot, rest = name.partition(".")
    if dot:
        words.setdefault(part, {})[rest] = value
    else:
        words[name] = value


def _value(section: DeviceSection, name: str) -> object:
    value: object = section
    for step in name.split("."):
        value = getattr(value, step, None)
    return value


def _text(value: object) -> str:
    if value is None or value is False:
        return ""
    return "yes" if value is True else str(value)
