"""The host and the invitees, from a device's fields and back; who mails the invitations is decided elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from gateway.domain.meeting import Invitee
from gateway.profiles.addresses import EACH_ADDRESS, addresses_text, as_objects
from gateway.profiles.codings import Read, Refused, json_text
from gateway.profiles.fields import Coding, Field, Part, Rules
from gateway.profiles.findings import Findings, sent
from gateway.profiles.opening import Opening, closed, opened, opening_of
from gateway.profiles.values import reader, written

_MOST_NAMED = 20
_HOST = -1
_REMEMBERED = 1024

_PARTS = (Part.EXTENSION, Part.EMAIL, Part.NAME, Part.IS_HOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReader:
    """How one person is read: `steps` are (index in `_PARTS`, name in the call, how to read it), `known` are all names
    that may occur, `needed` names those of which one must.

    `sound` reads the values of `names` at once, or raises `Refused`. The same people come in call after call, so the
    last of them are remembered.
    """

    steps: tuple[tuple[int, str, Read], ...]
    known: frozenset[str]
    needed: str
    closed: bool
    names: tuple[str, ...]
    sound: Callable[..., tuple[Invitee, bool]] = field(repr=False, compare=False)
    opening: Opening | None = None

    def person(self, item: object, path: tuple[str, int | None], findings: Findings) -> tuple[Invitee, bool] | None:
        """Who `item` is, and whether it is marked as the host; None when there are problems, which are noted.

        `path` is the name of the field and the index in its list, put together only when it is needed: this runs for
        each of hundreds of people.
        """
        if not isinstance(item, dict):
            findings.problem(_shown(path), "must be an object")
            return None
        if self.opening is not None:
            item = opened(self.opening, item)
        if not self.known.issuperset(item):
            self._unknown(item, path, findings)
        try:
            return self.sound(*map(item.get, self.names))
        except (Refused, TypeError):  # of values that are lists or objects nothing is remembered
            return self._told(item, path, findings)

    def _told(
        self, item: Mapping[str, object], path: tuple[str, int | None], findings: Findings
    ) -> tuple[Invitee, bool] | None:
        """The same, every problem told apart."""
        found: list[Any] = [None, None, None, None]
        sound = True
        for at, name, read_part in self.steps:
            value = item.get(name)
            if value is None or value == "":
                continue
            try:
                found[at] = read_part(value) or None
            except Refused as refused:
                findings.problem(f"{_shown(path)}.{name}", str(refused))
                sound = False
        if sound and found[0] is None and found[1] is None:
            findings.problem(_shown(path), f"needs {self.needed}")
            sound = False
        return _person(found) if sound else None

    def _unknown(self, item: Mapping[str, object], path: tuple[str, int | None], findings: Findings) -> None:
        names = [name for name in item if name not in self.known]
        if self.closed:
            findings.refuse_unknown(names, self.known, f"{_shown(path)}.")
        else:
            findings.ignore(names, f"{path[0]}." if path[1] is None else f"{path[0]}[].")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFields:
    """The fields of a shape that say who: `host` is None or (name, how to read it), `invitees` likewise.

    `addresses` says that the invitees are a list of addresses.
    """

    host: tuple[str, Read | PersonReader] | None
    invitees: tuple[str, PersonReader] | None
    addresses: bool
    json_text: bool
    text_values: bool
    limit: int


def people_fields(fields: Iterable[Field], rules: Rules, *, text_values: bool) -> PeopleFields:
    """Compile the host's and the invitees' field of a shape."""
    by_part = {field.part: field for field in fields}
    host, invitees = by_part.get(Part.HOST), by_part.get(Part.INVITEES)
    host_reader: Read | PersonReader | None = None
    if host is not None:
        host_reader = (
            _person_reader(host, rules, text_values=text_values)
            if host.coding is Coding.PERSON
            else reader(host, rules.limits, text_values=text_values)
        )
    return PeopleFields(
        host=(host.name, host_reader) if host and host_reader else None,
        invitees=(invitees.name, _person_reader(invitees, rules, text_values=text_values)) if invitees else None,
        addresses=invitees is not None and invitees.coding is Coding.ADDRESS_LIST,
        json_text=text_values or bool(invitees and invitees.json_text),
        text_values=text_values,
        limit=rules.limits.invitees,
    )


class Known(NamedTuple):
    """Who is known beside the call: e-mail addresses by extension, and of a series, the host and the invitees who stay
    where the call says nothing.
    """

    directory: Mapping[str, str] | None = None
    host: Invitee | None = None
    invitees: tuple[Invitee, ...] | None = None


NOBODY = Known()


def read_people(
    fields: PeopleFields, payload: Mapping[str, object], known: Known, findings: Findings
) -> tuple[Invitee | None, tuple[Invitee, ...]]:
    """The host and everybody else, each person once; problems and warnings are noted."""
    host = _host(fields, payload, findings) or known.host
    if fields.invitees is None and not known.invitees:
        return _addressed(host, known.directory), ()
    name = "" if fields.invitees is None else fields.invitees[0]
    others: list[tuple[int, Invitee]] = []
    if fields.invitees is None or (known.invitees is not None and sent(payload, name) is None):
        others = list(enumerate(known.invitees or ()))
    else:
        items = _items(fields, name, payload, findings)
        if len(items) > fields.limit + 1:
            findings.problem(name, f"must be at most {fields.limit} invitees")
            return host, ()
        host = _sorted_out(fields.invitees, items, host, others, findings)
    if known.directory:
        host, others = _addressed(host, known.directory), [(at, _addressed(one, known.directory)) for at, one in others]
    host, invitees, repeated = _once_each(host, others)
    if len(invitees) > fields.limit:
        findings.problem(name, f"must be at most {fields.limit} invitees")
    if repeated:
        findings.warn(f"{_listed([f'{name}[{index}]' for index in repeated])} came twice; each person was kept once.")
    _warn_uninvited(invitees, findings)
    return host, invitees


def _sorted_out(
    field: tuple[str, PersonReader],
    items: Sequence[object],
    host: Invitee | None,
    others: list[tuple[int, Invitee]],
    findings: Findings,
) -> Invitee | None:
    """The host; everybody else is put to `others`, with the index in the list."""
    name, person_reader = field
    read_person = person_reader.person
    for index, item in enumerate(items):
        found = read_person(item, (name, index), findings)
        if found is None:
            continue
        person, is_host = found
        if is_host and (host is None or (host.extension == person.extension and host.email is None)):
            host = _merged(host, person)
        else:
            others.append((index, person))
    return host


_Person = TypeVar("_Person", Invitee, Invitee | None)


def _addressed(person: _Person, directory: Mapping[str, str] | None) -> _Person:
    """The same person, with the address of the directory if there is only an extension."""
    if not directory or person is None or person.email is not None or person.extension is None:
        return person
    address = directory.get(person.extension)
    return person if address is None else replace(person, email=address)


def write_people(fields: Iterable[Field], host: Invitee | None, invitees: Sequence[Invitee]) -> dict[str, object]:
    """Host and invitees in the device's words."""
    payload: dict[str, object] = {}
    by_part = {field.part: field for field in fields}
    if (field := by_part.get(Part.HOST)) and host is not None:
        value = _person_payload(field, host, is_host=True) if field.coding is Coding.PERSON else host.extension
        if value is not None:
            payload[field.name] = value
    if field := by_part.get(Part.INVITEES):
        payload[field.name] = _people_text(field, host, invitees)
    return payload


def _people_text(field: Field, host: Invitee | None, invitees: Sequence[Invitee]) -> object:
    if field.coding is Coding.ADDRESS_LIST:
        return addresses_text(invitees)
    marks_host = any(one.part is Part.IS_HOST for one in field.each)
    people = [_person_payload(field, host, is_host=True)] if host is not None and marks_host else []
    people += [_person_payload(field, invitee, is_host=False) for invitee in invitees]
    return json.dumps(people, ensure_ascii=False) if field.json_text else people


def _person_reader(people: Field, rules: Rules, *, text_values: bool) -> PersonReader:
    each = EACH_ADDRESS if people.coding is Coding.ADDRESS_LIST else people.each
    names = {one.part: one.name for one in each}
    steps = tuple(
        (_PARTS.index(one.part), one.name, reader(one, rules.limits, text_values=text_values)) for one in each
    )
    return PersonReader(
        steps=steps,
        known=frozenset(names.values()) | people.unused,
        needed=" or ".join(names[part] for part in (Part.EXTENSION, Part.EMAIL) if part in names),
        closed=rules.closed,
        names=tuple(name for _, name, _ in steps),
        sound=_sound_reader(tuple((at, read_part) for at, _, read_part in steps)),
        opening=opening_of(each),
    )


def _sound_reader(steps: tuple[tuple[int, Read], ...]) -> Callable[..., tuple[Invitee, bool]]:
    # `typed`, because 1 and true are equal to Python and not to a device.
    @lru_cache(maxsize=_REMEMBERED, typed=True)
    def sound(*values: object) -> tuple[Invitee, bool]:
        found: list[Any] = [None, None, None, None]
        for (at, read_part), value in zip(steps, values, strict=True):
            if value is not None and value != "":
                found[at] = read_part(value) or None
        if found[0] is None and found[1] is None:
            raise Refused("needs an extension or an e-mail address")
        return _person(found)

    return sound


def _person(found: list[Any]) -> tuple[Invitee, bool]:
    extension, email, name, is_host = found
    # Devices repeat the extension where a name is missing; that is not a name.
    return Invitee(extension=extension, email=email, name=None if name == extension else name), is_host is True


def _host(fields: PeopleFields, payload: Mapping[str, object], findings: Findings) -> Invitee | None:
    if fields.host is None:
        return None
    name, host_reader = fields.host
    value = sent(payload, name)
    if value is None:
        return None
    try:
        if not isinstance(host_reader, PersonReader):
            extension = host_reader(value)
            return Invitee(extension=extension) if isinstance(extension, str) and extension else None
        item = json_text(value) if fields.text_values and isinstance(value, str) else value
        found = host_reader.person(item, (name, None), findings)
    except Refused as refused:
        findings.problem(name, str(refused))
        return None
    return found[0] if found else None


def _items(fields: PeopleFields, name: str, payload: Mapping[str, object], findings: Findings) -> Sequence[object]:
    value = sent(payload, name)
    if value is None:
        return ()
    try:
        if fields.addresses:
            return as_objects(value, fields.limit + 1)
        value = json_text(value) if fields.json_text and isinstance(value, str) else value
    except Refused as refused:
        findings.problem(name, str(refused))
        return ()
    if not isinstance(value, list):
        findings.problem(name, "must be a list" + (", or a list as JSON text" if fields.json_text else ""))
        return ()
    return value


def _once_each(
    host: Invitee | None, others: list[tuple[int, Invitee]]
) -> tuple[Invitee | None, tuple[Invitee, ...], list[int]]:
    """Everybody once, and the indexes of those who were merged into somebody before them.

    Entries with the same e-mail address are one person; one without an address is the first with the same extension.
    Who is the host as well is not an invitee and not counted as repeated: some devices list the host too.
    """
    entries = others if host is None else [(_HOST, host), *others]
    people = [person for _, person in entries]
    extensions = [person.extension for person in people if person.extension is not None]
    emails = [person.email.casefold() for person in people if person.email is not None]
    if len(set(extensions)) == len(extensions) and len(set(emails)) == len(emails):
        return host, tuple(people if host is None else people[1:]), []
    kept: dict[int, Invitee] = {}
    same: dict[int, int] = {}
    by_email: dict[str, int] = {}
    for at, person in entries:
        if person.email is not None:
            same[at] = first = by_email.setdefault(person.email.casefold(), at)
            kept[first] = _merged(kept.get(first), person)
    by_extension: dict[str | None, int] = {}
    for at, person in kept.items():
        by_extension.setdefault(person.extension, at)
    for at, person in entries:
        if person.email is None:
            same[at] = first = by_extension.setdefault(person.extension, at)
            kept[first] = _merged(kept.get(first), person)
    host_at = same.get(_HOST)
    repeated = sorted(at for at, first in same.items() if at != first and first != host_at)
    found_host = None if host_at is None else kept.pop(host_at)
    return found_host, tuple(kept[at] for at in sorted(kept)), repeated


def _merged(one: Invitee | None, two: Invitee | None) -> Invitee:
    if one is None or two is None:
        return one or two or Invitee()
    return Invitee(extension=one.extension or two.extension, email=one.email or two.email, name=one.name or two.name)


def _warn_uninvited(invitees: Iterable[Invitee], findings: Findings) -> None:
    missing = [invitee.extension or "" for invitee in invitees if invitee.email is None]
    if len(missing) == 1:
        findings.warn(f"{missing[0]} has no e-mail address and was not invited.")
    elif missing:
        findings.warn(f"{_listed(missing)} have no e-mail address and were not invited.")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} others" if more > 0 else "")


def _person_payload(field: Field, person: Invitee, *, is_host: bool) -> dict[str, object]:
    parts = {Part.EXTENSION: person.extension, Part.EMAIL: person.email, Part.NAME: person.name, Part.IS_HOST: is_host}
    values = {one.name: written(one, parts[one.part]) for one in field.each if not one.secret}
    found = {name: value for name, value in values.items() if value is not None}
    paths = {one.name: one.path for one in field.each if one.path}
    return closed(Opening(unwrap=None, tree={}), found, paths) if paths else found


def _shown(path: tuple[str, int | None]) -> str:
    name, index = path
    return name if index is None else f"{name}[{index}]"
