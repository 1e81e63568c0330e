"""The file of a backup: what is written can be read, and nothing that was not written by us is believed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import CatalogueError
from gateway.operations.backup import file as backup_file
from gateway.operations.backup import seal as backup_seal
from gateway.operations.backup.seal import PIECE_BYTES, Lock, unlocked

ABOUT = {"schema": 3, "made_at_ms": 1_795_000_000_000, "gateway": "Head office"}
CONTENT = {
    "gateway.db": b"database" * 1000,
    "secret.key": b"key",
    "profiles/acme/one.yaml": b"shapes: {}",
}


def parts_of(folder: Path, content: Mapping[str, bytes] = CONTENT) -> dict[str, Path]:
    found = {}
    for name, data in content.items():
        found[name] = folder / "there" / name
        found[name].parent.mkdir(parents=True, exist_ok=True)
        found[name].write_bytes(data)
    return found


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(CatalogueError) as raised:
        work()
    return raised.value.code


def unpack(path: Path, folder: Path, most_bytes: int = 10**9, schema: int = 3) -> backup_file.Manifest:
    folder.mkdir()
    return backup_file.unpack(path, folder, most_bytes=most_bytes, schema=schema)


@pytest.mark.parametrize("passphrase", ["", "four words of it"])
def test_what_is_written_is_read_again(tmp_path: Path, passphrase: str):
    path = tmp_path / "one.backup"
    written = backup_file.write(path, parts_of(tmp_path), ABOUT, passphrase)
    assert path.stat().st_mode & 0o777 == 0o600
    assert backup_file.is_locked(path) == bool(passphrase)
    opened = backup_file.unlock(path, passphrase, tmp_path / "open", 10**9)
    assert unpack(opened, tmp_path / "out") == written
    for name, data in CONTENT.items():
        assert (tmp_path / "out" / name).read_bytes() == data
    if passphrase:
        assert all(data not in path.read_bytes() for data in CONTENT.values())


def test_a_passphrase_is_asked_for_and_has_to_be_the_right_one(tmp_path: Path):
    path = tmp_path / "one.backup"
    backup_file.write(path, parts_of(tmp_path), ABOUT, "four words of it")
    for number, (typed, code) in enumerate({"": "C-06", "four words of it ": "C-05"}.items()):
        assert refusal(lambda typed=typed, n=number: backup_file.unlock(path, typed, tmp_path / str(n), 10**9)) == code  # type: ignore[misc]
    assert refusal(lambda: backup_file.unlock(path, "four words of it", tmp_path / "x", 100)) == "C-08"


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_locked_backup_is_never_read_wrongly(data: st.DataObject):
    """Whatever is cut off or changed: it is refused, and no other content comes out."""
    locked = LOCKED.getvalue()
    at = data.draw(st.integers(0, len(locked) - 1))
    changed = data.draw(
        st.sampled_from([locked[:at], locked[:at] + bytes([locked[at] ^ 1]) + locked[at + 1 :], locked + b"x"])
    )
    with contextlib.suppress(CatalogueError):
        assert b"".join(unlocked(io.BytesIO(changed), "w")) == PLAIN


def test_pieces_that_change_places_are_noticed():
    out = io.BytesIO()
    lock = Lock(out, "w", memory_kib=8, rounds=1)
    lock.write(b"a" * PIECE_BYTES + b"b" * PIECE_BYTES + b"c")
    lock.close()
    whole = out.getvalue()
    size, head = PIECE_BYTES + 16, len(whole) - (PIECE_BYTES + 16) * 2 - 17
    swapped = whole[:head] + whole[head + size : head + 2 * size] + whole[head : head + size] + whole[head + 2 * size :]
    assert refusal(lambda: b"".join(unlocked(io.BytesIO(swapped), "w"))) == "C-07"
    without_end = whole[: head + 2 * size]
    assert refusal(lambda: b"".join(unlocked(io.BytesIO(without_end), "w"))) == "C-07"


@pytest.mark.parametrize(
    "head",
    [b"", b"{}", b"[]", b'{"kdf":"argon2id","m":99999999,"t":3,"salt":"%s","nonce":"%s"}', b"\xff" * 50, b"[" * 900],
)
def test_a_head_that_is_not_ours_costs_nothing(head: bytes):
    head = head.replace(b"%s", b"00" * 16, 1).replace(b"%s", b"00" * 7)
    source = io.BytesIO(backup_seal.MAGIC + head + b"\n" + b"x" * 100)
    assert refusal(lambda: b"".join(unlocked(source, "w"))) in ("C-07", "C-05")


def said(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def made(
    path: Path, parts: Mapping[str, bytes], manifest: object | None = None, says: object = None, **changes: Any
) -> Path:
    """A zip file with these parts, whose manifest says what a test wants it to say."""
    named = [said(name, data) for name, data in parts.items()] if says is None else says
    document: object = {"format": 1, "version": "1.0", "parts": named, **ABOUT, **changes}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
        archive.writestr("manifest.json", json.dumps(document if manifest is None else manifest))
    return path


GOOD = {"gateway.db": b"database", "secret.key": b"key"}
DATABASE, KEY = (said(name, data) for name, data in GOOD.items())


@pytest.mark.parametrize(
    "name",
    ["../secret.key", "/etc/passwd", "profiles/../../x.yaml", "profiles/a/b/c.yaml", "C:\\x", "gateway.lock", ".",
     "profiles/acme/one.yaml/..", "profiles/acme/one.sh", "set-up-code", "backups/x.backup"],
)  # fmt: skip
def test_a_part_that_no_backup_has_is_refused(tmp_path: Path, name: str):
    path = made(tmp_path / "one", {**GOOD, name: b"x"})
    assert refusal(lambda: unpack(path, tmp_path / "out")) == "C-07"
    assert list((tmp_path / "out").iterdir()) == []
    assert {each.name for each in tmp_path.iterdir()} == {"one", "out"}


@pytest.mark.parametrize(
    ("parts", "changes"),
    [
        ({"gateway.db": b"database"}, {}),
        ({"secret.key": b"key"}, {}),
        (GOOD, {"says": []}),
        (GOOD, {"says": [DATABASE, KEY | {"sha256": "0" * 64}]}),
        (GOOD, {"says": [DATABASE | {"size": 7}, KEY]}),
        (GOOD, {"says": [DATABASE | {"size": -1}, KEY]}),
        (GOOD, {"says": "x"}),
        (GOOD, {"schema": "3"}),
        (GOOD, {"made_at_ms": 1e99}),
        (GOOD, {"format": None}),
        ({**GOOD, "tls.key": b"x" * 1_100_000}, {}),
    ],
)  # fmt: skip
def test_a_manifest_that_lies_is_refused(tmp_path: Path, parts: Mapping[str, bytes], changes: dict[str, object]):
    path = made(tmp_path / "one", parts, **changes)
    assert refusal(lambda: unpack(path, tmp_path / "out")) == "C-07"


@pytest.mark.parametrize("manifest", [[], "x", {}, {"format": 1}, None])
def test_something_else_than_a_manifest_is_refused(tmp_path: Path, manifest: object):
    path = tmp_path / "one"
    made(path, GOOD, manifest)
    if manifest is None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("gateway.db", b"x")
    assert refusal(lambda: unpack(path, tmp_path / "out")) == "C-07"


def test_a_newer_backup_is_told(tmp_path: Path):
    newer = made(tmp_path / "one", GOOD, schema=4, version="9.9")
    with pytest.raises(CatalogueError) as raised:
        unpack(newer, tmp_path / "out")
    assert (raised.value.code, raised.value.values) == ("C-04", {"v": "9.9"})
    assert refusal(lambda: unpack(made(tmp_path / "two", GOOD, format=2), tmp_path / "out2")) == "C-04"


def test_a_bomb_writes_no_more_than_there_is_room_for(tmp_path: Path):
    bomb = made(tmp_path / "one", {**GOOD, "gateway.db": bytes(8_000_000)})
    assert bomb.stat().st_size < 20_000
    assert refusal(lambda: unpack(bomb, tmp_path / "out", most_bytes=1_000_000)) == "C-08"
    assert list((tmp_path / "out").iterdir()) == []
    says = [DATABASE | {"size": 10}, KEY]
    bomb = made(tmp_path / "two", {**GOOD, "gateway.db": bytes(8_000_000)}, says=says)
    assert refusal(lambda: unpack(bomb, tmp_path / "out2", most_bytes=1_000_000)) == "C-07"
    assert (tmp_path / "out2" / "gateway.db").stat().st_size <= 11


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_is_whole(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("damaged")
    whole = made(folder / "one", GOOD).read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = whole[:at] + bytes([whole[at] ^ (1 << data.draw(st.integers(0, 7)))]) + whole[at + 1 :]
    (folder / "two").write_bytes(data.draw(st.sampled_from([flipped, whole[:at]])))
    with contextlib.suppress(CatalogueError):
        unpack(folder / "two", folder / "out")
        for name, content in GOOD.items():
            assert (folder / "out" / name).read_bytes() == content


def test_damage_that_looks_like_a_fault_of_the_disk_is_damage(tmp_path: Path):
    """Places before the file, and ways to pack whose readers raise OSError."""
    whole = made(tmp_path / "one", GOOD).read_bytes()
    entries = [at for at in range(len(whole)) if whole.startswith(b"PK\x01\x02", at)]
    end = whole.rindex(b"PK\x05\x06")
    damaged = [
        whole[:at] + bytes([way]) + whole[at + 1 :] for at in [each + 10 for each in entries] for way in (12, 14)
    ]
    damaged += [whole[: end + 16] + bytes(byte) + whole[end + 16 + len(byte) :] for byte in (b"\xff\xff", b"\x00\x00")]
    damaged += [whole[: end + 13] + b"\x7f" + whole[end + 14 :], whole[: end + 12] + b"\xff" + whole[end + 13 :]]
    for number, content in enumerate(damaged):
        broken = tmp_path / f"broken{number}"
        broken.write_bytes(content)
        assert refusal(lambda broken=broken, number=number: unpack(broken, tmp_path / f"out{number}")) == "C-07"


PLAIN = b"some words" * 20


def _locked() -> io.BytesIO:
    out = io.BytesIO()
    lock = Lock(out, "w", memory_kib=8, rounds=1)
    lock.write(PLAIN)
    lock.close()
    return out


LOCKED = _locked()
