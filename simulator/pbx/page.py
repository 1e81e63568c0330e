"""The HTML of the simulated PBX: its meetings and the vendor's "Schedule Meeting" form; requests are in `serve`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from simulator.pbx.booking import AutoRecord, Repeat, ScheduleForm
from simulator.pbx.memory import Kept
from simulator.pbx.page_style import STYLE

MAX_INVITEES = 119
"""The counter of the vendor guide's picture."""

_REPEAT_WORDS = {
    Repeat.NONE: "No Repeat",
    Repeat.DAILY: "Daily",
    Repeat.WEEKLY: "Weekly",
    Repeat.MONTHLY: "Monthly",
}
_RECORD_WORDS = {AutoRecord.NONE: "None", AutoRecord.AUDIO: "Audio", AutoRecord.VIDEO: "Video"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A message above the page: `kind` is ok, warn or error; `lines` are listed under `text`."""

    kind: str
    text: str
    lines: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every page shows around its content; `repeats` is what the form's Repeat offers."""

    gateway: str
    device: str
    clock: str
    token: str
    repeats: Sequence[Repeat] = tuple(Repeat)


def list_page(frame: Frame, meetings: Iterable[Kept], notes: Iterable[Note]) -> str:
    """The PBX's meetings, each with Move, Edit and Cancel."""
    cards = "".join(_card(frame, kept) for kept in meetings)
    empty = '<p class="card">No meetings yet. Press <b>Schedule Meeting</b> to book the first one.</p>'
    button = '<p><a class="button primary" href="/schedule">Schedule Meeting</a></p>'
    return _shell(frame, "Meeting", "Meeting", notes, button + (cards or empty))


def form_page(
    frame: Frame, values: Mapping[str, str], *, title: str, action: str, zones: Sequence[str], notes: Iterable[Note]
) -> str:
    """The vendor's form, in the guide's order and words, filled with `values` (see `values_of`)."""
    rows = "".join(_items(values, zones, frame.repeats))
    content = (
        f'<form method="post" action="{escape(action)}">{_token(frame)}<div class="grid">{rows}</div>'
        '<p class="row"><button class="primary">Save</button><a class="button" href="/">Cancel</a></p></form>'
    )
    return _shell(frame, title, f"Meeting &gt; {escape(title)}", notes, content)


def refusal_page(frame: Frame, note: Note) -> str:
    """A page that only says why nothing was done."""
    return _shell(frame, "Meeting", "Meeting", [note], '<p><a class="button" href="/">Back to the meetings</a></p>')


def values_of(form: ScheduleForm) -> dict[str, str]:
    """A form as the texts of its inputs, by input name; a tick is `yes` or absent."""
    ticks = {
        "public_room": form.public_room,
        "allow_user_invite": form.allow_user_invite,
        "call_participants": form.call_participants,
        "override_host_mute": form.override_host_mute,
        "sync_to_google": form.sync_to_google,
    }
    return {
        "subject": form.subject,
        "room": form.room,
        "date": f"{form.start:%Y-%m-%d}",
        "from": f"{form.start:%H:%M}",
        "to": f"{form.end:%H:%M}",
        "time_zone": form.time_zone,
        "password": form.password,
        "host_password": form.host_password,
        "host": form.host.extension or "",
        "host_email": form.host.email or "",
        "repeat": form.repeat.value,
        "email_reminder_minutes": str(form.email_reminder_minutes),
        "auto_record": form.auto_record.value,
        "invitees": "\n".join(str(one) for one in form.invitees),
        "agenda": form.agenda,
        **{name: "yes" for name, ticked in ticks.items() if ticked},
    }


def missing_email_note(extensions: Sequence[str]) -> list[Note]:
    """The vendor's warning on invitees without an address."""
    if not extensions:
        return []
    what = "has not configured an email address and could not receive a meeting notification email."
    text = f"{', '.join(extensions)} {what}"
    return [Note(kind="warn", text=text)]


def _shell(frame: Frame, title: str, crumbs: str, notes: Iterable[Note], content: str) -> str:
    said = "".join(_note(note) for note in notes)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} - simulated UCM6300</title><style>{STYLE}</style></head><body>"
        '<div class="banner">SIMULATED UCM6300 - NOT A REAL PBX</div><main>'
        f'<p class="crumbs">Call Features &gt; Multimedia Meeting &gt; {crumbs}</p><h1>{escape(title)}</h1>'
        f'<p class="muted">PBX clock {escape(frame.clock)}. Pushes to {escape(frame.gateway)} as '
        f"<b>{escape(frame.device)}</b>.</p>{said}{content}</main></body></html>"
    )


def _note(note: Note) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in note.lines)
    listed = f"<ul>{lines}</ul>" if lines else ""
    return f'<div class="note {escape(note.kind)}" role="status">{escape(note.text)}{listed}</div>'


def _token(frame: Frame) -> str:
    return f'<input type="hidden" name="token" value="{escape(frame.token)}">'


def _card(frame: Frame, kept: Kept) -> str:
    form, book_id = kept.booking.form, escape(kept.booking.book_id)
    heard = kept.heard
    instants = f" - understood as {heard.start_utc} to {heard.end_utc}" if heard and heard.start_utc else ""
    said = f"Gateway: {heard.line}{instants}" if heard else "Gateway: no answer yet"
    repeat = f", repeats {form.repeat.value}" if form.repeat is not Repeat.NONE else ""
    warnings = "".join(f'<p class="hint">Note: {escape(text)}</p>' for text in (heard.warnings if heard else ()))
    return (
        f'<section class="card" id="m{book_id}"><h2>{escape(form.subject)}</h2>'
        f"<p>{form.start:%A %Y-%m-%d %H:%M}-{form.end:%H:%M} {escape(form.time_zone)}{escape(repeat)}</p>"
        f'<p class="muted">Room {escape(form.room)}, host {escape(str(form.host))}, {len(form.invitees)} invitees, '
        f"Sync to Google Calendar {'on' if form.sync_to_google else 'off'}, id {book_id}</p>"
        f'<p class="muted">{escape(said)}</p>{warnings}{_move_form(frame, kept)}'
        f'<div class="row"><a class="button" href="/meetings/{book_id}">Edit</a>'
        f'<form method="post" action="/meetings/{book_id}/cancel">{_token(frame)}'
        '<button class="danger">Cancel</button></form></div></section>'
    )


def _move_form(frame: Frame, kept: Kept) -> str:
    form, book_id = kept.booking.form, escape(kept.booking.book_id)
    return (
        f'<details><summary>Move</summary><form class="row" method="post" action="/meetings/{book_id}/move">'
        f'{_token(frame)}<input aria-label="Date" type="date" name="date" value="{form.start:%Y-%m-%d}" required>'
        f'<input aria-label="From" type="time" name="from" value="{form.start:%H:%M}" required>'
        f'<input aria-label="To" type="time" name="to" value="{form.end:%H:%M}" required>'
        "<button>Move</button></form></details>"
    )


def _items(values: Mapping[str, str], zones: Sequence[str], repeats: Sequence[Repeat]) -> list[str]:
    """The form's items row by row, left column and right column in turn, as in the guide's picture."""
    return [
        _input(values, "subject", "Meeting Subject", required=True),
        _room(values),
        _time(values),
        _select(values, "time_zone", "Time Zone", [(zone, zone) for zone in zones], required=True),
        _input(values, "password", "Password", inputmode="numeric"),
        _input(values, "host_password", "Host Password", inputmode="numeric", hint="Left empty: a random one."),
        _host(values),
        _select(values, "repeat", "Repeat", [(key.value, _REPEAT_WORDS[key]) for key in repeats]),
        _tick(values, "allow_user_invite", "Allow User Invite"),
        _tick(values, "call_participants", "Call Participants"),
        _input(values, "email_reminder_minutes", "Email Reminder (m)", required=True, inputmode="numeric"),
        _tick(values, "override_host_mute", "Allowed to Override Host Mute"),
        _tick(values, "sync_to_google", "Sync to Google Calendar"),
        _select(
            values,
            "auto_record",
            "Auto Record",
            [(key.value, word) for key, word in _RECORD_WORDS.items()],
            required=True,
        ),
        _invitees(values),
        _area(values, "agenda", "Meeting Agenda"),
    ]


def _item(name: str, label: str, control: str, *, required: bool = False, hint: str = "") -> str:
    mark = ' class="req"' if required else ""
    below = f'<span class="hint">{escape(hint)}</span>' if hint else ""
    return f'<div class="item"><label for="{name}"{mark}>{escape(label)}</label>{control}{below}</div>'


def _input(
    values: Mapping[str, str], name: str, label: str, *, required: bool = False, inputmode: str = "text", hint: str = ""
) -> str:
    control = (
        f'<input id="{name}" name="{name}" value="{escape(values.get(name, ""))}" inputmode="{inputmode}"'
        f' autocomplete="off"{" required" if required else ""}>'
    )
    return _item(name, label, control, required=required, hint=hint)


def _select(
    values: Mapping[str, str], name: str, label: str, choices: Sequence[tuple[str, str]], *, required: bool = False
) -> str:
    chosen = values.get(name, "")
    known = choices if any(key == chosen for key, _ in choices) or not chosen else [(chosen, chosen), *choices]
    options = "".join(
        f'<option value="{escape(key)}"{" selected" if key == chosen else ""}>{escape(word)}</option>'
        for key, word in known
    )
    return _item(name, label, f'<select id="{name}" name="{name}">{options}</select>', required=required)


def _ticked(values: Mapping[str, str], name: str) -> str:
    return " checked" if values.get(name) == "yes" else ""


def _tick(values: Mapping[str, str], name: str, label: str) -> str:
    box = f'<input type="checkbox" name="{name}" value="yes"{_ticked(values, name)}>'
    return f'<div class="item tick"><label>{box}{escape(label)}</label></div>'


def _time(values: Mapping[str, str]) -> str:
    shown = {name: escape(values.get(name, "")) for name in ("date", "from", "to")}
    return (
        '<fieldset class="item"><legend class="req">Time</legend><div class="row">'
        f'<input aria-label="Date" type="date" name="date" value="{shown["date"]}" required>'
        f'<input aria-label="From" type="time" name="from" value="{shown["from"]}" required>'
        f'<input aria-label="To" type="time" name="to" value="{shown["to"]}" required></div></fieldset>'
    )


def _room(values: Mapping[str, str]) -> str:
    box = f'<input type="checkbox" name="public_room" value="yes"{_ticked(values, "public_room")}>'
    return (
        '<fieldset class="item"><legend>Meeting Room</legend>'
        f'<input aria-label="Room number" name="room" value="{escape(values.get("room", ""))}" inputmode="numeric"'
        ' placeholder="Left empty: a random number">'
        f'<span class="item tick"><label>{box}Public Meeting Room</label></span></fieldset>'
    )


def _host(values: Mapping[str, str]) -> str:
    return (
        '<fieldset class="item"><legend class="req">Host</legend><div class="row">'
        f'<input aria-label="Host extension" name="host" value="{escape(values.get("host", ""))}" required>'
        f'<input aria-label="Host e-mail" name="host_email" value="{escape(values.get("host_email", ""))}"'
        ' placeholder="Please enter Email Address"></div></fieldset>'
    )


def _invitees(values: Mapping[str, str]) -> str:
    count = len(values.get("invitees", "").split("\n")) if values.get("invitees", "").strip() else 0
    hint = f"One a line: 1001, or 1001,anna@example.com, or anna@example.com. {count}/{MAX_INVITEES}"
    return _area(values, "invitees", "Invitees", hint=hint)


def _area(values: Mapping[str, str], name: str, label: str, *, hint: str = "") -> str:
    control = f'<textarea id="{name}" name="{name}" rows="5">{escape(values.get(name, ""))}</textarea>'
    return _item(name, label, control, hint=hint)
