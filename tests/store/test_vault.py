"""The key file: private, whole or not there, and the only thing that opens what was sealed."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.errors import StoreError, StoreRefused
from gateway.store.vault import KEY_NAME, Vault, VaultError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "data"


def test_what_is_sealed_comes_back_and_is_not_readable(data_dir: Path) -> None:
    vault = Vault.open(data_dir)
    sealed = vault.seal("PIN 4711 ü")
    assert b"4711" not in sealed
    assert vault.unseal(sealed) == "PIN 4711 ü"
    assert Vault.open(data_dir).unseal(sealed) == "PIN 4711 ü"
    assert vault.seal("PIN 4711 ü") != sealed


def test_folder_and_key_are_private_whatever_the_umask(data_dir: Path) -> None:
    before = os.umask(0)
    try:
        Vault.open(data_dir)
    finally:
        os.umask(before)
    assert mode(data_dir) == 0o700
    assert mode(data_dir / KEY_NAME) == 0o600
    assert [path.name for path in data_dir.iterdir()] == [KEY_NAME]
    assert len(base64.urlsafe_b64decode((data_dir / KEY_NAME).read_bytes())) == 32


def test_looser_permissions_are_tightened(data_dir: Path) -> None:
    sealed = Vault.open(data_dir).seal("x")
    data_dir.chmod(0o755)
    (data_dir / KEY_NAME).chmod(0o644)
    assert Vault.open(data_dir).unseal(sealed) == "x"
    assert mode(data_dir) == 0o700
    assert mode(data_dir / KEY_NAME) == 0o600


def test_stricter_permissions_stay(data_dir: Path) -> None:
    Vault.open(data_dir)
    (data_dir / KEY_NAME).chmod(0o400)
    Vault.open(data_dir)
    assert mode(data_dir / KEY_NAME) == 0o400


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 44, b"A" * 43, base64.urlsafe_b64encode(b"x" * 33)])
def test_a_damaged_key_is_refused_and_left_alone(data_dir: Path, content: bytes) -> None:
    Vault.open(data_dir)
    (data_dir / KEY_NAME).write_bytes(content)
    with pytest.raises(StoreRefused, match="backup"):
        Vault.open(data_dir)
    assert (data_dir / KEY_NAME).read_bytes() == content


def test_a_key_that_cannot_be_read_is_refused(data_dir: Path) -> None:
    data_dir.mkdir(parents=True)
    (data_dir / KEY_NAME).mkdir()
    with pytest.raises(StoreRefused, match="user"):
        Vault.open(data_dir)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(StoreRefused):
        Vault.open(tmp_path / "data")


def test_another_key_opens_nothing_and_says_what_to_do(data_dir: Path, tmp_path: Path) -> None:
    sealed = Vault.open(data_dir).seal("secret words")
    other = Vault.open(tmp_path / "other")
    for broken in (sealed, sealed[:-4], b"", b"junk"):
        with pytest.raises(VaultError, match="sign in at Google again") as caught:
            (other if broken is sealed else Vault.open(data_dir)).unseal(broken)
        assert isinstance(caught.value, StoreError)
        assert "secret words" not in str(caught.value)


def test_the_fingerprint_key_is_lasting_and_not_the_key(data_dir: Path, tmp_path: Path) -> None:
    vault = Vault.open(data_dir)
    key = vault.fingerprint_key
    assert len(key) == 32
    assert Vault.open(data_dir).fingerprint_key == key
    assert Vault.open(tmp_path / "other").fingerprint_key != key
    assert key != base64.urlsafe_b64decode((data_dir / KEY_NAME).read_bytes())


def test_gateways_that_start_together_share_one_key(data_dir: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for number in range(40):
            folder, together = data_dir / str(number), threading.Barrier(4)

            def start(folder: Path = folder, together: threading.Barrier = together) -> bytes:
                together.wait()
                return Vault.open(folder).fingerprint_key

            keys = {future.result() for future in [pool.submit(start) for _ in range(4)]}
            assert len(keys) == 1
            assert [path.name for path in folder.iterdir()] == [KEY_NAME]


def test_a_crash_while_the_key_is_written_leaves_no_half_key(data_dir: Path) -> None:
    """Every call that touches the file is killed once; the next start must work and keep its key."""
    script = (
        "import os, sys, pathlib\n"
        "from gateway.store.vault import Vault\n"
        "left = int(sys.argv[2])\n"
        "def hook(event, args):\n"
        "    global left\n"
        "    if event in ('open', 'os.link', 'os.remove', 'os.mkdir', 'os.chmod') and sys.argv[1] in str(args[0]):\n"
        "        left -= 1\n"
        "        if left == 0: os._exit(9)\n"
        "sys.addaudithook(hook)\n"
        "Vault.open(pathlib.Path(sys.argv[1]))\n"
    )
    killed = 0
    for step in range(1, 20):
        folder = data_dir / str(step)
        done = subprocess.run([sys.executable, "-c", script, str(folder), str(step)], check=False, capture_output=True)
        sealed = Vault.open(folder).seal("x")
        assert Vault.open(folder).unseal(sealed) == "x"
        assert [path.name for path in folder.iterdir()] == [KEY_NAME]
        if done.returncode == 0:
            break
        killed += 1
    assert killed >= 4


def test_cryptography_loads_only_to_seal(data_dir: Path) -> None:
    script = (
        "import sys, pathlib\nfrom gateway.store.vault import Vault\n"
        "v = Vault.open(pathlib.Path(sys.argv[1])); v.fingerprint_key\n"
        "print('cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(data_dir)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
