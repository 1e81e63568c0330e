"""What the fields of captured calls probably mean; a guess says how sure it is, and nothing is read by it yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.operations.profiles.columns import Call, Column, as_json, columns, wrapping
from gateway.operations.profiles.times import clock_coding, date_coding, duration_unit, moment_coding, zone_codings
from gateway.profiles.fields import Part

_EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+")
_ADDRESSES = re.compile(r"\s*[^\s,;][^,;]*([,;]\s*[^\s,;][^,;]*)*[,;]?\s*")
_CODE = re.compile(r"[!-~]{1,255}")
_EXTENSION = re.compile(r"\+?\d{2,15}")
_PIN = re.compile(r"\d{4,10}")
_NUMBER = re.compile(r"\d{1,9}")
_TEXT = re.compile(r".{1,1000}", re.DOTALL)
_WEB = re.compile(r"https://\S+")
_SIP = re.compile(r"sips?:\S+")
_DIAL = re.compile(r"\+[\d ,;*#()-]{5,40}")
_CANCEL = re.compile(r"cancel|delet|remov", re.IGNORECASE)
_REPEATS: Mapping[str, object] = {
    **dict.fromkeys(("none", "no", "never", "once", "single", "common", "0", "false"), "none"),
    **{word: {"frequency": word} for word in ("daily", "weekly", "monthly", "yearly")},
    **{
        word: {"frequency": frequency}
        for word, frequency in (("day", "daily"), ("week", "weekly"), ("month", "monthly"))
    },
}
_TRUTHS = (({"yes"}, {"no"}, "yes_no"), ({1}, {0}, "zero_one"), ({True}, {False}, "true_false"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What one field probably means. `keys` are those of the profile's field beside its name; `doubt` says what a
    person should check, None when the name and all values speak for it.
    """

    part: Part
    column: Column
    keys: Mapping[str, object]
    doubt: str | None = None


@dataclass(slots=True, kw_only=True)
class Guess:
    """What was guessed. `unsure` are fields with no meaning so far, each with what it looks like; `constant` are those
    that never change; `missing` says which parts that every profile needs were not found; `zone_codings` how zones are
    written.
    """

    unwrap: str | None = None
    meanings: list[Meaning] = field(default_factory=list)
    zone_codings: tuple[str, ...] = ("iana", "etc_label", "offset_text")
    constant: list[Column] = field(default_factory=list)
    unsure: list[tuple[Column, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def get(self, part: Part) -> Meaning | None:
        """The field that has this meaning."""
        return next((meaning for meaning in self.meanings if meaning.part is part), None)


def guess(calls: Sequence[Call]) -> Guess:
    """What the fields of the calls mean, judged by their names and by all their values."""
    found = Guess(unwrap=wrapping(calls))
    left = {column.path: column for column in columns(calls, found.unwrap)}
    for step in (_times, _zone, _identity, _secrets, _people, _single):
        for meaning in step(tuple(left.values()), found):
            if left.pop(meaning.column.path, None) is not None and found.get(meaning.part) is None:
                found.meanings.append(meaning)
    for column in left.values():
        if column.constant:
            found.constant.append(column)
        else:
            found.unsure.append((column, _looks_like(column)))
    found.missing = _missing(found)
    return found


def _name(column: Column) -> str:
    return "_".join(re.findall(r"[a-z]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column.path).lower()))


def _named(among: Iterable[Column], pattern: str, fits: Callable[[Column], object], but: str = "$^") -> list[Column]:
    """The columns whose name speaks for a meaning and whose values allow it."""
    return [c for c in among if re.search(pattern, _name(c)) and not re.search(but, _name(c)) and c.sent and fits(c)]


_START = r"(^|_)(start|begin|from|when)|^(date|time|date_time|datetime)$"
_END = r"(^|_)(end|finish|stop|till?|to)($|_|time|date|at|s)"
_OTHER_TIMES = r"creat|modif|chang|updat|sent|stamp|expire|remind|request"


def _times(among: tuple[Column, ...], found: Guess) -> list[Meaning]:
    moments = {column.path: coding for column in among if (coding := moment_coding(column))}
    meanings = _named_times(among, moments, ((Part.START, _START), (Part.END, _END)), lambda c: moments.get(c.path))
    if not any(meaning.part is Part.START for meaning in meanings):
        meanings = _split_times(among) or _ordered(among, moments)
    if any(meaning.part in (Part.END, Part.END_TIME) for meaning in meanings):
        return meanings
    lengths = _named(among, r"duration|length|minutes|(^|_)(mins?|hours|seconds|secs)$", duration_unit, r"remind")
    for column in lengths[:1]:
        unit, doubt = duration_unit(column) or ("minutes", None)
        meanings.append(
            Meaning(part=Part.DURATION, column=column, keys={"as": "number_or_text", "unit": unit}, doubt=doubt)
        )
    return meanings


def _named_times(
    among: tuple[Column, ...],
    codings: Mapping[str, str],
    wanted: tuple[tuple[Part, str], ...],
    fits: Callable[[Column], object],
) -> list[Meaning]:
    meanings = []
    for part, pattern in wanted:
        columns_of = _named(among, pattern, fits, _OTHER_TIMES)
        for column in columns_of[:1]:
            others = ", ".join(other.path for other in columns_of[1:])
            doubt = f"{others} could be meant as well" if others else None
            meanings.append(Meaning(part=part, column=column, keys={"as": codings[column.path]}, doubt=doubt))
    return meanings


def _split_times(among: tuple[Column, ...]) -> list[Meaning]:
    """A date and a time of day in fields of their own."""
    dates = {column.path: coding for column in among if (coding := date_coding(column))}
    clocks = {column.path: coding for column in among if (coding := clock_coding(column))}
    meanings = _named_times(
        among, dates, ((Part.START_DATE, rf"{_START}|date$|day$"), (Part.END_DATE, _END)), lambda c: dates.get(c.path)
    )
    meanings += _named_times(
        among, clocks, ((Part.START_TIME, rf"{_START}|time$"), (Part.END_TIME, _END)), lambda c: clocks.get(c.path)
    )
    parts = {meaning.part: meaning for meaning in meanings}
    if Part.START_DATE not in parts or Part.START_TIME not in parts:
        return []
    return list({meaning.column.path: meaning for meaning in meanings}.values())


def _ordered(among: tuple[Column, ...], moments: Mapping[str, str]) -> list[Meaning]:
    """Two times whose names say nothing, one of them always the earlier one."""
    pair = [column for column in among if column.path in moments and not re.search(_OTHER_TIMES, _name(column))]
    if len(pair) != 2 or not all(column.always for column in pair):
        return []
    first, second = pair
    texts = list(zip(first.texts(), second.texts(), strict=False))
    if all(one > two for one, two in texts):
        first, second = second, first
    elif not all(one < two for one, two in texts):
        return []
    doubt = "the name does not say it; the earlier time was taken for the start, the later one for the end"
    return [
        Meaning(part=Part.START, column=first, keys={"as": moments[first.path]}, doubt=doubt),
        Meaning(part=Part.END, column=second, keys={"as": moments[second.path]}, doubt=doubt),
    ]


def _zone(among: tuple[Column, ...], found: Guess) -> list[Meaning]:
    for column in _named(among, r"zone|(^|_)tz($|_)", zone_codings):
        codings = zone_codings(column)
        if codings is not None:
            found.zone_codings = codings
            return [Meaning(part=Part.ZONE, column=column, keys={"as": "zone"})]
    return []


def _identity(among: tuple[Column, ...], found: Guess) -> list[Meaning]:
    meanings = []
    others = (
        r"request|message|msg|device|serial|room|host|user|owner|organi|session|transaction|correlation|tenant|account"
    )
    ids = _named(among, r"(^|_)(id|uid|uuid)$", _is_id, others) or _named(
        among, r"id$|uid$|uuid$|(^|_)(key|ref|reference|number|code)$", _is_id, others
    )
    # An id that never changes may be the device's own, so one that does is preferred.
    ids.sort(key=lambda column: column.constant)
    for column in ids[:1]:
        rivals = ", ".join(other.path for other in ids[1:] if other.constant is column.constant)
        doubt = f"{rivals} could be meant as well" if rivals else _doubtful_id(column)
        meanings.append(Meaning(part=Part.EXTERNAL_ID, column=column, keys={"as": "code"}, doubt=doubt))
    subjects = _named(among, r"subject|topic|summary|(^|_)title$", _is_text) or _named(
        among, r"name$", _is_text, r"user|host|room|owner|organi|device|model|first|last|file|product"
    )
    for column in subjects[:1]:
        rivals = ", ".join(other.path for other in subjects[1:])
        doubt = f"{rivals} could be meant as well" if rivals else None
        meanings.append(Meaning(part=Part.SUBJECT, column=column, keys={"as": "text"}, doubt=doubt))
    return meanings


def _secrets(among: tuple[Column, ...], found: Guess) -> list[Meaning]:
    def digits(column: Column) -> bool:
        return column.fit(_PIN)

    host = _named(among, r"(host|admin|moderator|chair)\w*(pin|pass|code|key)", digits)
    own = _named(among, r"(^|_)(pin|passcode|password|pass|access_?code|pin_?code)$", digits, r"host|admin|moderator")
    meanings = [Meaning(part=Part.HOST_PASSWORD, column=column, keys={"as": "pin"}) for column in host[:1]]
    return meanings + [Meaning(part=Part.PASSWORD, column=column, keys={"as": "pin"}) for column in own[:1]]


def _people(among: tuple[Column, ...], found: Guess) -> list[Meaning]:
    lists = _named(among, r"member|participant|attendee|invit|guest|people|person", _people_keys)
    lists = lists or [column for column in among if column.objects() and _people_keys(column)]
    hosts = _named(among, r"host|organi[sz]er|owner|chair|creator", _person_keys, r"pin|pass|code|mute")
    wanted = ((Part.HOST, hosts, _person_keys), (Part.INVITEES, lists, _people_keys))
    return [
        Meaning(part=part, column=columns_of[0], keys=keys_of(columns_of[0]) or {})
        for part, columns_of, keys_of in wanted
        if columns_of
    ]


def _person_keys(column: Column) -> Mapping[str, object] | None:
    people = [as_json(value) for value in column.sent]
    if all(isinstance(person, Mapping) for person in people):
        each, unused = _each([person for person in people if isinstance(person, Mapping)])
        return {"as": "person", "each": each, **({"unused": unused} if unused else {})} if _reachable(each) else None
    return {"as": "code"} if column.fit(_EXTENSION) else None


def _people_keys(column: Column) -> Mapping[str, object] | None:
    people = column.objects()
    if people:
        each, unused = _each(people)
        as_text = any(isinstance(value, str) for value in column.sent)
        keys = {"as": "people", **({"json_text": True} if as_text else {}), "each": each}
        return {**keys, **({"unused": unused} if unused else {})} if _reachable(each) else None
    texts = column.texts()
    if column.fit(_ADDRESSES) and any(_EMAIL.search(text) for text in texts):
        return {"as": "address_list"}
    return None


def _each(people: Sequence[Mapping[str, object]]) -> tuple[dict[str, object], list[str]]:
    """The fields of one person, and those that mean nothing here."""
    names = list(dict.fromkeys(name for person in people for name in person))
    each: dict[str, object] = {}
    for name in names:
        column = Column(path=name, values=tuple(person.get(name) for person in people))
        part, keys = _part_of_person(column)
        if part is not None and part not in each:
            each[part] = {"name": name, **keys}
    used = {keys["name"] for keys in each.values() if isinstance(keys, dict)}
    return each, [name for name in names if name not in used]


def _part_of_person(column: Column) -> tuple[str | None, dict[str, object]]:
    words = _name(column)
    if column.fit(_EMAIL):
        return "email", {"as": "email"}
    if re.search(r"host|admin|moderator|organi|chair", words) and (coding := _truth(column)):
        return "is_host", {"as": coding}
    if re.search(r"ext|number|phone|tel|sip|user", words) and column.fit(_EXTENSION):
        return "extension", {"as": "code"}
    if re.search(r"name$", words) and column.fit(_TEXT):
        return "name", {"as": "text"}
    return None, {}


def _reachable(each: Mapping[str, object]) -> bool:
    return "email" in each or "extension" in each


def _single(among: tuple[Column, ...], found: Guess) -> list[Meaning]:
    """Parts that stand for themselves; of each the first field whose name and values fit."""
    wanted: tuple[tuple[Part, str, Callable[[Column], Mapping[str, object] | None]], ...] = (
        (Part.CANCELLED, r"action|event|status|state|method|operation|type|cancel|delete", _cancel_keys),
        (Part.ALL_DAY, r"(all|whole)_?day", _truth_keys),
        (Part.REPEAT, r"repeat|recur|cycle|frequency", _repeat_keys),
        (Part.AGENDA, r"agenda|description|notes?$|details", lambda c: {"as": "lines"} if _is_text(c) else None),
        (Part.SEQUENCE, r"sequence|revision", lambda c: {"as": "number_or_text"} if c.fit(_NUMBER) else None),
        (Part.REMINDER_MINUTES, r"remind", lambda c: {"as": "number_or_text", "none": 0} if c.fit(_NUMBER) else None),
        (Part.SIP_URI, r".", lambda c: {"as": "text"} if c.fit(_SIP) else None),
        (Part.WEB_LINK, r"join|link|url|web|meet", lambda c: {"as": "text"} if c.fit(_WEB) else None),
        (Part.DIAL_IN, r"dial|phone|call_?in", lambda c: {"as": "text"} if c.fit(_DIAL) else None),
        (
            Part.ROOM,
            r"room|bridge|conf(erence)?_?(no|num)|location",
            lambda c: {"as": "code"} if c.fit(_CODE) else None,
        ),
    )
    meanings = []
    for part, pattern, keys_of in wanted:
        for column in _named(among, pattern, keys_of)[:1]:
            doubt = _DOUBTS.get(part)
            meanings.append(Meaning(part=part, column=column, keys=keys_of(column) or {}, doubt=doubt))
    return meanings


_DOUBTS = {
    Part.CANCELLED: "only the words of the captured calls are known; others are refused until they are added",
    Part.REPEAT: "only the words of the captured calls are known; others are refused until they are added",
    Part.REMINDER_MINUTES: "minutes were assumed",
}


def _cancel_keys(column: Column) -> Mapping[str, object] | None:
    if (coding := _truth(column)) and re.search("cancel|delete", _name(column)):
        return {"as": coding}
    words = sorted(set(column.texts()))
    told = [word for word in words if _CANCEL.search(word)]
    if not told or len(words) > 12 or len(told) == len(words):
        return None
    return {"as": "choice", "choices": {word: word in told for word in words}}


def _repeat_keys(column: Column) -> Mapping[str, object] | None:
    words = sorted(set(column.texts()))
    if not words or any(word.lower() not in _REPEATS for word in words):
        return None
    return {"as": "choice", "choices": {word: _REPEATS[word.lower()] for word in words}}


def _truth_keys(column: Column) -> Mapping[str, object] | None:
    coding = _truth(column)
    return {"as": coding} if coding else None


def _truth(column: Column) -> str | None:
    for yes, no, coding in _TRUTHS:
        # 1 is equal to True, so the types are compared as well.
        kind = type(next(iter(yes)))
        texts = {str(word).lower() for word in yes | no}
        if column.sent and all(
            (type(value) is kind and value in yes | no) or (isinstance(value, str) and value in texts)
            for value in column.sent
        ):
            return coding
    return None


def _is_id(column: Column) -> bool:
    return column.always and column.fit(_CODE)


def _doubtful_id(column: Column) -> str | None:
    if column.constant:
        return "it was the same in every call; it must differ between meetings"
    if len(column.values) > 1 and len(set(map(str, column.sent))) == len(column.values):
        return "every call had another one; it must stay the same when a meeting is changed"
    return None


def _is_text(column: Column) -> bool:
    return all(isinstance(value, str) for value in column.sent) and column.fit(_TEXT) and not column.fit(_NUMBER)


def _missing(found: Guess) -> list[str]:
    parts = {meaning.part for meaning in found.meanings}
    missing = []
    if Part.EXTERNAL_ID not in parts:
        missing.append("an id of the meeting that every call has and that differs between meetings")
    if Part.SUBJECT not in parts:
        missing.append("a subject (subject, title, topic, summary, name)")
    if not parts & {Part.START, Part.START_DATE}:
        missing.append("a start (a time field named start, begin, from, date or time)")
    if not parts & {Part.END, Part.DURATION, Part.END_TIME, Part.ALL_DAY}:
        missing.append("an end or a duration")
    return missing


def _looks_like(column: Column) -> str:
    for kind, fits in (
        ("times", moment_coding),
        ("dates", date_coding),
        ("times of day", clock_coding),
        ("truth values", _truth),
    ):
        if fits(column):
            return kind
    for kind, pattern in (("e-mail addresses", _EMAIL), ("numbers", _NUMBER), ("telephone numbers", _EXTENSION)):
        if column.fit(pattern):
            return kind
    return "text" if column.texts() else "lists, objects or nothing"
