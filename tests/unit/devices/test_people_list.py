"""Lists of people as PBXs and spreadsheets write them: read whole, or refused with every bad line named."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.devices.people_list import LARGEST_BYTES, MOST_NAMED, BadList, read_list
from gateway.store.directory import Entry

ANN, BOB = Entry("1000", "ann@example.com", "Ann Ä"), Entry("1001", "bob@example.com")


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(BadList) as caught:
        read_list(text if isinstance(text, bytes) else text.encode())
    return caught.value.problems


@pytest.mark.parametrize(
    "text",
    [
        "extension,email,name\n1000,ann@example.com,Ann Ä\n1001,bob@example.com,\n",
        "Ext;E-Mail;Name\r\n1000;ann@example.com;Ann Ä\r\n1001;bob@example.com\r\n",
        "Number\tMail\tDisplay Name\n1000\tann@example.com\tAnn Ä\n\n1001\t bob@example.com \t\n",
        '"Extension","First Name","Last Name","Email Address"\n"1000","Ann","Ä","ann@example.com"\n'
        "1001,,,bob@example.com",
        "name,MAIL,unused,EXT\nAnn Ä,ann@example.com,x,1000\n,bob@example.com,,1001",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_lists_that_are_read(text: str, encoding: str) -> None:
    people = read_list(text.encode(encoding))
    assert people.encoding == {"cp1252": "Windows-1252", "utf-16": "UTF-16"}.get(encoding, "UTF-8")
    assert people.entries == (ANN, BOB)
    assert bool(people.notes) == (encoding == "cp1252")
    assert all("Windows-1252 (Latin-1)" in note for note in people.notes)


def test_what_spreadsheets_write() -> None:
    """The plain CSV, the CSV UTF-8 and the Unicode text of a German spreadsheet."""
    rows = [["Extension", "E-Mail", "Name"], ["1000", "ann@example.com", "Ann Ä"], ["1001", "bob@example.com", ""]]
    for encoding, sign in (("cp1252", ";"), ("utf-8-sig", ";"), ("utf-16", "\t"), ("utf-16", ",")):
        text = "\r\n".join(sign.join(row) for row in rows) + "\r\n"
        people = read_list(text.encode(encoding))
        assert (people.entries, people.delimiter) == ((ANN, BOB), sign), encoding
    assert read_list(b"sep=;\r\next;email;name\r\n1001;bob@example.com;\r\n").entries == (BOB,)
    big_endian = codecs.BOM_UTF16_BE + "ext,email\n1001,bob@example.com".encode("utf-16-be")
    assert read_list(big_endian).entries == (BOB,)


@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b"\xff\xfee\0x", b"\xff\xfe\0\xd8e\0", b"\xfe\xff\0\0\0e", b"sep=;", b"sep="]
)
def test_what_is_no_list_after_all(data: bytes) -> None:
    with pytest.raises(BadList):
        read_list(data)


def test_lines_without_an_address_are_counted_and_equal_ones_are_one() -> None:
    people = read_list(b"ext,email\n1000,ann@example.com\n1001,\n1000,ann@example.com\n1002,\n,\n")
    assert [entry.extension for entry in people.entries] == ["1000"]
    assert people.notes == ("2 lines without an e-mail address were passed over",)


def test_every_bad_line_is_named_and_nothing_counts() -> None:
    lines = [
        "ext,email,name",
        "1000,ann@example.com,Ann",
        "10 01,bob@example.com,",
        "1002,not an address,",
        "1000,other@example.com,",
        ",carl@example.com,",
        f"1003,dora@example.com,{'x' * 101}",
        f"{'9' * 33},eve@example.com,",
        "1004,fred@example.com,a\x1b[31mb",
    ]
    assert [line.partition(":")[0] for line in problems("\n".join(lines))] == [
        *(f"line {number}" for number in (3, 4)),
        "line 5",
        *(f"line {number}" for number in (6, 7, 8, 9)),
    ]
    assert "the e-mail address of extension 1002 must be an e-mail address" in problems("\n".join(lines))[1]
    assert problems("\n".join(lines))[2] == "line 5: extension 1000 has another e-mail address further up"


def test_many_bad_lines_are_counted() -> None:
    found = problems("ext,email\n" + "1,x\n" * 500)
    assert len(found) == MOST_NAMED + 1
    assert found[-1] == "and 480 more lines"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column is called extension or email"),
        ("1000,ann@example.com\n", "the first line must name the columns"),
        ("ext,name\n1,x\n", "no column is called email"),
        ("ext,email\n", "no line has an extension"),
        ("ext,email\n1000,\n", "no line has an extension"),
        ('ext,email\n1000,"ann@example.com\n', "line 2: cannot be read"),
        ("ext,email\n1\0,a@b.example", "is not text"),
        ("ext,email\n1,a@b.example".encode("utf-16").decode("latin-1"), "is not text"),
        (b"x" * (LARGEST_BYTES + 1), "larger than 1024 KiB"),
        ("ext,email\n" + "".join(f"{n},a@b.example\n" for n in range(5001)), "more than 5000 extensions"),
    ],
)
def test_lists_that_are_refused(text: str | bytes, words: str) -> None:
    assert words in problems(text)[0]


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: b"ext;email;name\n" + text.encode()))
def test_any_file_is_read_or_refused(data: bytes) -> None:
    try:
        entries = read_list(data).entries
    except BadList as bad:
        told, entries = len(bad.problems), ()
    else:
        told = 1
    assert 1 <= told <= MOST_NAMED + 1
    for entry in entries:
        assert len(entry.extension) <= 32
        assert len(entry.name) <= 100
        assert (entry.extension + entry.email + entry.name).isprintable()
