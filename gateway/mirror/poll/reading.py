"""What the items of a device's list mean, by its profile: pure; who fetched them and what is kept is not known here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass

from gateway import __version__
from gateway.domain.meeting import Frequency, Meeting, Repeat
from gateway.domain.occurrence import OccurrenceChange, OriginalStart
from gateway.errors import BadPayload
from gateway.profiles import translate
from gateway.profiles.fields import SECRET_PARTS, Part
from gateway.profiles.model import Profile, Shape
from gateway.profiles.translate import Context

Item = Mapping[str, object]

_LONGEST_NOTE = 500
_LONGEST_STEP_S = {
    Frequency.DAILY: 86_400,
    Frequency.WEEKLY: 7 * 86_400,
    Frequency.MONTHLY: 31 * 86_400,
    Frequency.YEARLY: 366 * 86_400,
}
_TWICE = "The list has the meeting {name} twice, with different contents; the first one counts."
_ABOUT_OCCURRENCES = frozenset({Part.ORIGINAL_START, Part.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Why a meeting was not taken, or not all of it; `text` is for people and holds no secret."""

    code: str
    text: str


@dataclass(slots=True, kw_only=True)
class Group:
    """All a list says about one meeting: the meeting itself, and its occurrences that differ."""

    external_id: str
    whole: Item | None = field(default=None, repr=False)
    cancelled: bool = False
    days: list[tuple[Item, OriginalStart, bool]] = field(default_factory=list, repr=False)
    note: Note | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A meeting as the list says it is; `occurrences` None means that the list does not tell."""

    meeting: Meeting
    shape: str
    warnings: tuple[str, ...]
    occurrences: tuple[OccurrenceChange, ...] | None
    note: Note | None = None


def grouped(profile: Profile, items: Iterable[Item], context: Context) -> tuple[dict[str, Group], list[Note]]:
    """The items by meeting, and a note for each that names none."""
    groups: dict[str, Group] = {}
    unreadable = []
    for item in items:
        try:
            head = translate.head(profile, item, context)
        except BadPayload as error:
            unreadable.append(note_of(profile, error, "an entry of the list"))
            continue
        group = groups.setdefault(head.external_id, Group(external_id=head.external_id))
        if head.original_start is not None:
            group.days.append((item, head.original_start, head.cancels))
        elif group.whole is None:
            group.whole, group.cancelled = item, head.cancels
        else:
            group.note = Note(code="D-04", text=_TWICE.format(name=head.external_id))
    return groups, unreadable


def understood(profile: Profile, group: Group, whole: Item, context: Context) -> Understood:
    """The meeting and its occurrences; BadPayload when the meeting itself is not understood.

    An occurrence that is not understood leaves all of them as they are stored.
    """
    translation = translate.to_meeting(profile, whole, context)
    occurrences: tuple[OccurrenceChange, ...] | None = None
    note = None
    if profile.says_more and translation.meeting.repeat is not None:
        try:
            occurrences = _occurrences(profile, group, translation.meeting, context)
        except BadPayload as error:
            note = note_of(profile, error, f"a day of the meeting {group.external_id}")
    return Understood(
        meeting=translation.meeting,
        shape=translation.shape,
        warnings=translation.warnings,
        occurrences=occurrences,
        note=note,
    )


def _occurrences(profile: Profile, group: Group, series: Meeting, context: Context) -> tuple[OccurrenceChange, ...]:
    found = []
    for item, original, cancelled in group.days:
        said = None if cancelled else translate.to_occurrence(profile, item, context, series, original).meeting
        found.append(OccurrenceChange(original=original, meeting=said))
    return tuple(found)


def note_of(profile: Profile, error: BadPayload, what: str) -> Note:
    """Say what was wrong; the code is that of the first thing that has one of its own."""
    text = f"{what[0].upper()}{what[1:]} was not understood: {error}."
    codes = [code for problem in error.problems if (code := _code(profile, problem.field, problem.reason))]
    return Note(code=codes[0] if codes else "D-04", text=text[:_LONGEST_NOTE])


def _code(profile: Profile, name: str, reason: str) -> str:
    moments = {Part.START, Part.END, Part.DURATION, Part.START_DATE, Part.START_TIME, Part.END_DATE, Part.END_TIME}
    if "time zone" in reason:
        return "D-08"
    if reason.startswith("must be after"):
        return "D-07"
    is_moment = any(field.name == name and field.part in moments for shape in profile.shapes for field in shape.fields)
    return "D-06" if is_moment and reason.startswith("is required") else ""


def shape_named(profile: Profile, name: str) -> Shape:
    """The shape of that name; the profile's first stands in for one it does not have."""
    return next((shape for shape in profile.shapes if shape.name == name), profile.shapes[0])


def columns(shape: Shape, *, pins: bool) -> tuple[str, ...]:
    """The top-level fields of a meeting worth asking for; PINs only where they are used."""
    if shape.unwrap:
        return (shape.unwrap,)
    wanted = [each for each in shape.fields if pins or each.part not in SECRET_PARTS]
    return tuple(dict.fromkeys(each.path[0] if each.path else each.name for each in wanted))


def lacking(shape: Shape, item: Item, *, pins: bool) -> bool:
    """Whether the list does not say everything about a meeting that there may be to say."""
    of_days = {each.name for each in shape.fields if each.part in _ABOUT_OCCURRENCES}
    return any(name not in item and name not in of_days for name in columns(shape, pins=pins))


def ends_ms(said: Understood) -> int | None:
    """When the last occurrence has ended, or later (ms UTC); None for a series without end."""
    meeting = said.meeting
    moved = [change.meeting.end_utc_s for change in said.occurrences or () if change.meeting is not None]
    end_s = meeting.end_utc_s
    if meeting.repeat is not None:
        last_s = _last_s(meeting.repeat, meeting.start_utc_s)
        if last_s is None:
            return None
        end_s = last_s + meeting.end_utc_s - meeting.start_utc_s
    return max([end_s, *moved]) * 1000


def _last_s(repeat: Repeat, start_s: int) -> int | None:
    """The start of the last occurrence, or a later instant; None when there is no last one."""
    if repeat.until_utc_s is not None:
        return max(start_s, repeat.until_utc_s)
    if repeat.count is None:
        return None
    return start_s + repeat.count * repeat.interval * _LONGEST_STEP_S[repeat.frequency]


def words_of(profile: Profile) -> bytes:
    """A mark of how a profile reads meetings."""
    return hashlib.blake2b(json.dumps([profile.id, _plain(profile.shapes)]).encode(), digest_size=16).digest()


def salt(words: bytes, device_zone: str | None, directory: Mapping[str, str], *, pins: bool) -> bytes:
    """A mark of everything beside the list that decides what its items mean; `words` is that of the profile."""
    decides = [__version__, words.hex(), device_zone, sorted(directory.items()), pins]
    return hashlib.blake2b(json.dumps(decides).encode(), digest_size=16).digest()


def digest(key: bytes, mark: bytes, group: Group) -> bytes:
    """A keyed mark of what the list says about a meeting: items may hold PINs, which short digests would give away."""
    days: Sequence[Item] = [item for item, _, _ in group.days]
    text = json.dumps([group.whole, *days], sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(mark + text.encode("utf-8", "surrogatepass"), digest_size=16, key=key).digest()


def _plain(value: object) -> object:
    """The same text in every process: sets have an order of their own in each."""
    if is_dataclass(value) and not isinstance(value, type):
        shown = (each.name for each in fields(value) if each.repr)
        return [type(value).__name__, *(_plain(getattr(value, name)) for name in shown)]
    if isinstance(value, frozenset):
        return sorted(str(each) for each in value)
    if isinstance(value, Mapping):
        return sorted([str(name), _plain(each)] for name, each in value.items())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
