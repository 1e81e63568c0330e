"""A list of people as a PBX or a spreadsheet exports it (CSV), read or refused line by line; nothing is stored here."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.devices.directory import MOST_ENTRIES
from gateway.errors import GatewayError
from gateway.profiles.codings import Refused
from gateway.profiles.email import email
from gateway.store.directory import Entry

LARGEST_BYTES = 1024 * 1024
MOST_NAMED = 20
"""So many bad lines are named one by one."""
LONGEST_NAME = 100
_NAMES_DELIMITER = re.compile(r"sep=", re.I)
_EXTENSION = re.compile(r"[0-9A-Za-z*#+._-]{1,32}")
_HEADERS = {
    "extension": ("extension", "ext", "exten", "number", "extensionnumber", "phonenumber"),
    "email": ("email", "mail", "emailaddress", "mailaddress", "emailid"),
    "name": ("name", "displayname", "fullname", "calleridname"),
    "first": ("firstname", "givenname"),
    "last": ("lastname", "surname", "familyname"),
}
"""Names of columns without case, spaces and signs; the first of each that is there counts."""


class BadList(GatewayError):
    """A list that cannot be used as it is; `problems` name every bad line (the first ones, when there are many)."""

    code = "bad-list"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleList:
    """What a list says: `entries` in its order, and `notes` about what was read in an unusual way or passed over.

    `encoding` is how its text is written, `delimiter` the sign between its columns.
    """

    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
    encoding: str = "UTF-8"
    delimiter: str = ","


def read_list(data: bytes) -> PeopleList:
    """Read a list with a line of column names: an extension, an e-mail address, a name if there is one.

    Columns are parted by `,`, `;` or tab; lines without an address are passed over and counted. The text is UTF-8 or
    UTF-16 with a mark at its start, else UTF-8, else Windows-1252, which is said in the notes. Raises BadList; then no
    line counts.
    """
    if len(data) > LARGEST_BYTES:
        raise BadList([f"the list is larger than {LARGEST_BYTES // 1024} KiB"])
    text, encoding, notes = _decoded(data)
    delimiter = _delimiter(text)
    rows = _rows(text, delimiter)
    header = next(rows, None)
    if header is not None and _NAMES_DELIMITER.match(header[1][0]):
        header = next(rows, None)
    columns = _columns([] if header is None else header[1])
    entries: dict[str, Entry] = {}
    problems: list[str] = []
    without = 0
    for line, cells in rows:
        try:
            entry = _entry(cells, columns)
        except Refused as refused:
            problems.append(f"line {line}: {refused}")
            continue
        if entry is None:
            without += 1
        elif entries.setdefault(entry.extension, entry).email != entry.email:
            problems.append(f"line {line}: extension {entry.extension} has another e-mail address further up")
    _check(entries, problems)
    if without:
        said = "line without an e-mail address was" if without == 1 else "lines without an e-mail address were"
        notes.append(f"{without} {said} passed over")
    return PeopleList(entries=tuple(entries.values()), notes=tuple(notes), encoding=encoding, delimiter=delimiter)


def _decoded(data: bytes) -> tuple[str, str, list[str]]:
    """Return the text, how it is written, and what is to be said about that."""
    no_text = BadList(["the list is not text; save it as CSV (UTF-8)"])
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise no_text from error
        if "\0" in text:
            raise no_text
        return text, "UTF-16", []
    if b"\0" in data:
        raise no_text
    try:
        return data.decode("utf-8-sig"), "UTF-8", []
    except UnicodeDecodeError:
        note = "the list is not UTF-8; it was read as Windows-1252 (Latin-1): look at names with accents"
        return data.decode("cp1252", "replace"), "Windows-1252", [note]


def _delimiter(text: str) -> str:
    """Return the sign that the first line parts its columns by; spreadsheets may name it there, as in `sep=;`."""
    return max(",;\t", key=text.lstrip("\r\n").partition("\n")[0].count)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Every line that is not empty, with its number."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadList([f"line {reader.line_num}: cannot be read: {error}"]) from error
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def _columns(header: Sequence[str]) -> dict[str, int]:
    plain = [re.sub(r"[^a-z]", "", cell.lower()) for cell in header]
    found = {
        meaning: plain.index(name) for meaning, names in _HEADERS.items() for name in reversed(names) if name in plain
    }
    missing = [word for word in ("extension", "email") if word not in found]
    if missing:
        raise BadList(
            [
                f"line 1: no column is called {' or '.join(missing)}; "
                "the first line must name the columns, such as: extension,email,name"
            ]
        )
    return found


def _entry(cells: Sequence[str], columns: dict[str, int]) -> Entry | None:
    """The person of one line; None when the line has no address."""

    def cell(meaning: str) -> str:
        at = columns.get(meaning)
        return "" if at is None or at >= len(cells) else cells[at].strip()

    if not cell("email"):
        return None
    return person(cell("extension"), cell("email"), cell("name") or f"{cell('first')} {cell('last')}".strip())


def person(extension: str, address: str, name: str) -> Entry:
    """Return one line of a directory. Raises Refused with what is wrong with it."""
    if not _EXTENSION.fullmatch(extension):
        raise Refused("the extension must be 1 to 32 digits, letters or signs of * # + . _ -")
    try:
        valid = email(address)
    except Refused as refused:
        raise Refused(f"the e-mail address of extension {extension} {refused}") from refused
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(f"the name of extension {extension} must be one line of at most {LONGEST_NAME} characters")
    return Entry(extension, valid, name)


def written(entries: Iterable[Entry]) -> str:
    """Return a list as it can be read again (CSV), also by a spreadsheet."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(("extension", "email", "name"))
    for entry in entries:
        # A spreadsheet would compute what begins like a formula; a blank at the front stops it, and is not read back.
        name = f" {entry.name}" if entry.name[:1] in ("=", "+", "-", "@") else entry.name
        rows.writerow((entry.extension, entry.email, name))
    return out.getvalue()


def _check(entries: dict[str, Entry], problems: list[str]) -> None:
    if len(entries) > MOST_ENTRIES:
        problems.append(f"the list has more than {MOST_ENTRIES} extensions")
    if not entries and not problems:
        problems.append("no line has an extension and an e-mail address")
    if problems:
        more = len(problems) - MOST_NAMED
        raise BadList(problems[:MOST_NAMED] + ([f"and {more} more lines"] if more > 0 else []))
