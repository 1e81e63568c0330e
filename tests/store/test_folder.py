"""The data folder: private, served by one gateway, and a way to wake that one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from gateway.errors import StoreRefused, StoreUnavailable
from gateway.store.folder import WAKE_SIGNAL, DataFolder


def test_made_private_even_when_it_was_not(tmp_path: Path):
    folder = DataFolder(tmp_path / "deep" / "data")
    folder.make()
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.path.chmod(0o755)
    folder.make()
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match=r"gateway\.data_dir"):
        DataFolder(tmp_path / "file" / "data").make()


def test_a_second_gateway_is_refused_and_told_who_is_first(tmp_path: Path):
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.lock()
    with pytest.raises(StoreRefused, match=str(os.getpid())):
        second.lock()
    first.unlock()
    second.lock()
    second.unlock()


def test_the_serving_gateway_is_woken_and_only_that(tmp_path: Path):
    folder, command = DataFolder(tmp_path), DataFolder(tmp_path)
    heard: list[int] = []
    before = signal.signal(WAKE_SIGNAL, lambda number, _frame: heard.append(number))
    try:
        assert command.wake_server() is False
        folder.lock()
        assert command.wake_server() is True
        folder.unlock()
        assert command.wake_server() is False
    finally:
        signal.signal(WAKE_SIGNAL, before)
    assert heard == [WAKE_SIGNAL]
