"""`events tail`: what happened, in words or as JSON, from a line on, of one kind, and going on with what happens."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli import events
from gateway.store import audit, migrate

CONFIG = """\
version: 1
gateway: {{data_dir: '{folder}'}}
devices:
  - {{id: lobby, name: Lobby UCM, profile: generic/json}}
"""

Tail = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir(mode=0o700)
    migrate.prepare(tmp_path / "data" / "gateway.db", 0)
    (tmp_path / ".env").write_text("GATEWAY_DEVICES__LOBBY__KEY=a-key-of-more-than-16-signs\n")
    (tmp_path / ".env").chmod(0o600)
    (tmp_path / "config.yaml").write_text(CONFIG.format(folder=tmp_path / "data"))
    return tmp_path


def happened(folder: Path, number: int = 1, **words: object) -> None:
    usual = {"at_ms": 1_700_000_000_000, "actor": "device:lobby", "action": "meeting.scheduled", "object_": "meeting:7"}
    with contextlib.closing(sqlite3.connect(folder / "data" / "gateway.db")) as conn, conn:
        for _ in range(number):
            audit.write(conn, **{**usual, **words})  # type: ignore[arg-type]


@pytest.fixture
def tail(folder: Path, capsys: pytest.CaptureFixture[str]) -> Tail:
    def run(*words: str) -> tuple[int, list[str]]:
        code = Arguments(folder, *words).run()
        return code, capsys.readouterr().out.splitlines()

    return run


class Arguments:
    """What was typed, ready to run."""

    def __init__(self, folder: Path, *words: str) -> None:
        parser = argparse.ArgumentParser()
        parser.set_defaults(config=folder / "config.yaml", data=None, log_level=None)
        events.add(parser)
        self.args = parser.parse_args(["tail", *words])

    def run(self) -> int:
        return int(self.args.run(self.args))


def test_the_last_lines_in_words(folder: Path, tail: Tail):
    happened(folder, 25)
    happened(folder, actor="admin:anna", action="device.paused", object_="device:lobby")
    code, lines = tail()
    assert code == 0
    assert len(lines) == 20
    assert lines[-2] == '2023-11-14 22:13:20 UTC  Lobby UCM scheduled "7"'
    assert lines[-1] == "2023-11-14 22:13:20 UTC  anna paused Lobby UCM"


def test_nothing_happened_yet(tail: Tail):
    assert tail() == (0, [])


def test_from_a_line_on_however_many_there_are(folder: Path, tail: Tail):
    happened(folder, 450)
    _, lines = tail("--since", "10", "--json")
    said = [json.loads(line) for line in lines]
    assert [each["id"] for each in said] == list(range(11, 451))
    assert said[0]["at"] == "2023-11-14T22:13:20.000Z"
    assert (said[0]["actor"], said[0]["action"], said[0]["object"]) == (
        "device:lobby",
        "meeting.scheduled",
        "meeting:7",
    )
    assert said[0]["text"] == 'Lobby UCM scheduled "7"'


@pytest.mark.parametrize("number", ["-1", str(2**63)])
def test_an_id_that_is_none(tail: Tail, number: str):
    assert tail(f"--since={number}") == (2, [])


def test_one_kind_only(folder: Path, tail: Tail):
    happened(folder, 3)
    happened(folder, action="device.paused", object_="device:lobby")
    assert len(tail("--type", "meeting.*")[1]) == 3
    assert len(tail("--type", "device.paused")[1]) == 1


class Reader(io.StringIO):
    """Somebody who reads along, does something at the first line, and leaves after so many."""

    def __init__(self, at_first: Callable[[], None], lines: int) -> None:
        super().__init__()
        self.at_first, self.left, self.begun = at_first, lines, False

    def write(self, text: str) -> int:
        if not self.begun:
            self.begun = True
            self.at_first()
        self.left -= text.count("\n")
        written = super().write(text)
        if self.left <= 0:
            raise BrokenPipeError
        return written


def test_going_on_with_what_happens(folder: Path, monkeypatch: pytest.MonkeyPatch):
    happened(folder)
    reader = Reader(lambda: happened(folder, 2, action="device.resumed", object_="device:lobby"), 3)
    monkeypatch.setattr(sys, "stdout", reader)
    with pytest.raises(BrokenPipeError):
        Arguments(folder, "--follow").run()
    assert reader.getvalue().count("resumed Lobby UCM") == 2


def test_what_devices_named_breaks_no_terminal(folder: Path, tail: Tail):
    with contextlib.closing(sqlite3.connect(folder / "data" / "gateway.db")) as conn, conn:
        conn.execute("INSERT INTO device (name, profile, key_hash, active, changed_at) VALUES ('x', 'p', x'', 1, 1)")
        conn.execute(
            "INSERT INTO meeting (id, device_id, external_id, revision, state, sync, shape, fingerprint, body, "
            "changed_at) VALUES (7, 1, 'e', 1, 'scheduled', 1, 'native', 'f', ?, 1)",
            (json.dumps({"su": "a\x1b[31m\nb", "s": 1, "e": 2}),),
        )
    happened(folder)
    [line] = tail()[1]
    assert line.endswith('Lobby UCM scheduled "a [31m b"')
