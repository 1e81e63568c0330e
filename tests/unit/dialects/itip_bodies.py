"""iCalendar bodies for the tests, written line by line; nothing of the dialect is used here."""

from __future__ import annotations

CENTRAL_EUROPE = """\
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT"""

DEFAULTS = {
    "UID": "UID:m1@pbx.example.com",
    "DTSTAMP": "DTSTAMP:20240422T080000Z",
    "SUMMARY": "SUMMARY:Weekly_Meeting",
    "DTSTART": "DTSTART;TZID=Europe/Paris:20240429T100000",
    "DTEND": "DTEND;TZID=Europe/Paris:20240429T110000",
}


def event(*lines: str, without: tuple[str, ...] = ()) -> str:
    """A VEVENT: the usual lines, replaced by those of the same name in `lines`, and the rest of `lines`."""
    named = {line.partition(":")[0].partition(";")[0] for line in lines}
    usual = [line for name, line in DEFAULTS.items() if name not in named and name not in without]
    return "\n".join(["BEGIN:VEVENT", *usual, *lines, "END:VEVENT"])


def calendar(*components: str, method: str | None = "REQUEST") -> bytes:
    """A VCALENDAR with CRLF at the end of each line."""
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//PBX//EN"]
    if method is not None:
        head.append(f"METHOD:{method}")
    return "".join(
        f"{line}\r\n" for part in (*head, *components, "END:VCALENDAR") for line in part.split("\n")
    ).encode()


def timezone(tzid: str, parts: str = CENTRAL_EUROPE) -> str:
    """A VTIMEZONE."""
    return f"BEGIN:VTIMEZONE\nTZID:{tzid}\n{parts}\nEND:VTIMEZONE"
