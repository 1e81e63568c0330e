"""The copy of the settings that worked: when it is written, where it is found again, that putting it back is whole."""

from __future__ import annotations

import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import Address, last_good, last_working
from gateway.errors import GatewayError
from gateway.yaml_source import MAX_BYTES

GOOD = b"gateway: {name: Office, listen: '127.0.0.1:1234'}\n"
BROKEN = b"gateway: {lissten: 5}\n"
AT_MS = 1_750_000_000_123
CALLS = frozenset({"open", "write", "flush", "fsync", "close", "chmod", "link", "rename", "replace", "unlink"})
EVERY_CALL = bool(os.environ.get("LONG"))
"""Else only those that change something on the disk."""


def office(folder: Path) -> tuple[Path, last_good.LastGood]:
    """A broken settings file, and the copy of one that worked."""
    data, file = folder / "data", folder / "config.yaml"
    data.mkdir(exist_ok=True)
    file.write_bytes(BROKEN)
    last_good.keep(data, GOOD, AT_MS)
    copy = last_good.read(data)
    assert copy is not None
    return file, copy


def test_the_copy_is_kept_for_the_gateway_alone_with_its_date(tmp_path: Path) -> None:
    assert last_good.keep(tmp_path, GOOD, AT_MS)
    path = tmp_path / last_good.FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert last_good.read(tmp_path) == last_good.LastGood(path=path, text=GOOD, kept_at_ms=AT_MS)
    assert list(tmp_path.iterdir()) == [path]


def test_the_copy_is_written_only_when_the_settings_are_others(tmp_path: Path) -> None:
    assert last_good.keep(tmp_path, GOOD, AT_MS)
    number = (tmp_path / last_good.FILE_NAME).stat().st_ino
    assert not last_good.keep(tmp_path, GOOD, AT_MS + 5)
    assert (tmp_path / last_good.FILE_NAME).stat().st_ino == number
    assert last_good.keep(tmp_path, BROKEN, AT_MS + 5)
    copy = last_good.read(tmp_path)
    assert copy is not None
    assert (copy.text, copy.kept_at_ms) == (BROKEN, AT_MS + 5)


def test_a_gateway_without_a_file_keeps_that_too(tmp_path: Path) -> None:
    assert last_good.text_of(tmp_path / "config.yaml") == b""
    assert last_good.keep(tmp_path, b"", AT_MS)
    assert not last_good.keep(tmp_path, b"", AT_MS)
    assert last_good.read(tmp_path) is not None


@pytest.mark.parametrize("text", [b"\0", b"a: [", b"a: 1\na: 2\n", b"x" * (MAX_BYTES + 1)])
def test_a_copy_that_is_damaged_is_none(tmp_path: Path, text: bytes) -> None:
    (tmp_path / last_good.FILE_NAME).write_bytes(text)
    assert last_good.read(tmp_path) is None
    assert last_good.read(tmp_path / "nowhere") is None


def test_what_cannot_be_a_settings_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"#" * (MAX_BYTES + 1))
    assert last_good.text_of(tmp_path / "large") is None
    assert last_good.text_of(tmp_path) is None


def test_putting_back_keeps_the_broken_file_beside_it(tmp_path: Path) -> None:
    file, copy = office(tmp_path)
    file.chmod(0o640)
    aside = last_good.put_back(copy, file, AT_MS)
    assert aside == tmp_path / "config.yaml.broken-20250615T150640Z"
    assert aside.read_bytes() == BROKEN
    assert file.read_bytes() == GOOD
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    file.write_bytes(b"again")
    second = last_good.put_back(copy, file, AT_MS)
    assert second is not None
    assert (second.name, second.read_bytes()) == (f"{aside.name}-1", b"again")
    assert aside.read_bytes() == BROKEN


def test_putting_back_follows_a_link_and_makes_a_missing_file(tmp_path: Path) -> None:
    file, copy = office(tmp_path)
    (tmp_path / "etc").mkdir()
    real = file.rename(tmp_path / "etc" / "real.yaml")
    file.symlink_to(real)
    last_good.put_back(copy, file, AT_MS)
    assert file.is_symlink()
    assert real.read_bytes() == GOOD
    assert last_good.put_back(copy, tmp_path / "other.yaml", AT_MS) is None
    assert (tmp_path / "other.yaml").read_bytes() == GOOD


def test_what_cannot_be_put_back_changes_nothing(tmp_path: Path) -> None:
    _, copy = office(tmp_path)
    with pytest.raises(GatewayError, match="cannot be replaced"):
        last_good.put_back(copy, tmp_path / "data" / "gone" / "config.yaml", AT_MS)
    folder = tmp_path / "folder"
    folder.mkdir()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(GatewayError, match="cannot be replaced"):
        last_good.put_back(copy, folder, AT_MS)
    assert sorted(tmp_path.iterdir()) == before


def killed_at(nth: int, work: Callable[[], object]) -> bool:
    """Do the work in a process that is killed before its nth call of the system; whether it was."""
    pid = os.fork()
    if pid == 0:
        left = nth

        def profile(_frame: FrameType, event: str, called: object) -> None:
            nonlocal left
            if event == "c_call":
                left -= EVERY_CALL or getattr(called, "__name__", "") in CALLS
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(profile)
        try:
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def test_killed_at_any_moment_the_old_or_the_new_file_is_whole(tmp_path: Path) -> None:
    seen, nth = set(), 1
    while True:
        folder = tmp_path / str(nth)
        folder.mkdir()
        file, copy = office(folder)
        killed = killed_at(nth, lambda: last_good.put_back(copy, file, AT_MS))  # noqa: B023 - done before it changes
        text = file.read_bytes()
        seen.add(text)
        assert text in (BROKEN, GOOD)
        if text == GOOD:
            assert [each.read_bytes() for each in folder.glob("*.broken-*")] == [BROKEN]
        else:
            last_good.put_back(copy, file, AT_MS)
            assert file.read_bytes() == GOOD
        if not killed:
            break
        nth += 1
    assert seen == {BROKEN, GOOD}
    assert nth > 10


@pytest.mark.parametrize(
    "text",
    [
        "gateway: {data_dir: kept, lissten: 5}\n",
        "gateway:\n  data_dir: kept  # here\n  : [\n",
        "gateway: {listen: 5, data_dir: 'kept', name: [\n",
        '# data_dir: other\ngateway:\n  data_dir: "kept"\n\tname: tab\n',
        "gateway: {data_dir: kept}\ngateway: {data_dir: kept}\n",
        "gateway: {data_dir: kept}\ndevices: 5\n",
    ],
)
def test_the_data_folder_is_found_in_broken_settings(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    assert last_working.data_dir(tmp_path / "config.yaml", {}, {}) == tmp_path / "kept"


@pytest.mark.parametrize("text", ["", ": [", "gateway: {data_dir: '', : [", "gateway: {data_dir: 5}\n", "- 1\n", "\0"])
def test_settings_that_name_no_data_folder_have_the_usual_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    assert last_working.data_dir(tmp_path / "config.yaml", {}, {}) == tmp_path / "data"


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_name_some_folder(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(text)
    assert last_working.data_dir(file, {}, {}).is_absolute()


def test_variables_and_words_name_the_data_folder_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("gateway: {data_dir: filed}\n: [")
    (tmp_path / ".env").write_text("GATEWAY_GATEWAY__DATA_DIR=beside\n")
    monkeypatch.chdir(tmp_path)
    variable = {"GATEWAY_GATEWAY__DATA_DIR": "variable"}
    assert last_working.data_dir(None, {}, {}) == tmp_path / "beside"
    assert last_working.data_dir(file, variable, {}) == tmp_path / "variable"
    assert last_working.data_dir(file, variable, {"gateway.data_dir": "/word"}) == Path("/word")


def test_the_last_working_addresses_give_way_to_what_is_stronger(tmp_path: Path) -> None:
    file, copy = office(tmp_path)
    listen = {"GATEWAY_GATEWAY__LISTEN": "127.0.0.1:77"}
    config = last_working.last_working(copy, file, {}, {})
    assert (config.gateway.name, config.gateway.listen) == ("Office", Address(host="127.0.0.1", port=1234))
    assert config.gateway.data_dir == tmp_path / "data"
    assert last_working.last_working(copy, file, listen, {}).gateway.listen.port == 77
    assert last_working.last_working(copy, file, listen, {"gateway.listen": "127.0.0.1:78"}).gateway.listen.port == 78
    (tmp_path / ".env").write_text("GATEWAY_GATEWAY__LISTEN=127.0.0.1:76\n")
    assert last_working.last_working(copy, file, {}, {}).gateway.listen.port == 76


@pytest.mark.parametrize(
    "environ",
    [
        {"GATEWAY_GATEWAY__LISTEN": "garbage"},
        {"GATEWAY_NONSENSE": "1"},
        {"GATEWAY_DEVICES": "{"},
        {"GATEWAY_LIMITS": "[]"},
    ],
)
def test_a_mistake_elsewhere_does_not_hide_the_last_working_addresses(tmp_path: Path, environ: dict[str, str]) -> None:
    file, copy = office(tmp_path)
    assert last_working.last_working(copy, file, environ, {}).gateway.listen.port == 1234


def test_secrets_of_devices_are_not_needed(tmp_path: Path) -> None:
    file, _ = office(tmp_path)
    last_good.keep(tmp_path / "data", GOOD + b"devices: [{id: ucm-1, profile: generic/json}]\nnew: 1\n", AT_MS)
    copy = last_good.read(tmp_path / "data")
    assert copy is not None
    assert last_working.last_working(copy, file, {}, {}).gateway.listen.port == 1234


def test_what_was_saved_on_the_page_counts(tmp_path: Path) -> None:
    file, _ = office(tmp_path)
    last_good.keep(tmp_path / "data", b"gateway: {listen: '127.0.0.1:1'}\n", AT_MS)
    (tmp_path / "data" / "saved.yaml").write_text("gateway.name: Saved\n")
    copy = last_good.read(tmp_path / "data")
    assert copy is not None
    assert last_working.last_working(copy, file, {}, {}).gateway.name == "Saved"
